package requests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// The contents of a snapshot in the clear: a line that says what it is, a line for
// each record as Record.Line gives it, and line feeds up to a power of two of at
// least snapshotFloor bytes, so that its file's size tells little.
const (
	snapshotForm  = "lerd snapshot v1"
	snapshotFloor = 1 << 18
)

// snapshotHead is the first line.
type snapshotHead struct {
	Form      string `json:"form"`
	Salt      string `json:"salt"` // 32 random bytes, hexadecimal
	Snapshot  string `json:"snapshot"`
	From      string `json:"from"`
	To        string `json:"to"`
	Read      string `json:"read"`
	Phones    int    `json:"phones"`
	Addresses int    `json:"addresses"`

	read time.Time
}

// counts gives the digest that the log commits to.
func (h snapshotHead) counts() string {
	return digestOf(fmt.Appendf(nil, "lerd snapshot counts v1\n%s\n%d\n%d\n", h.Salt, h.Phones, h.Addresses))
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// readSnapshot reads what the account data hold of a target, through the guard:
// the categories and the period that were asked, of whoever held the identifier.
func (s *Service) readSnapshot(ctx context.Context, x Snapshot, t Target) ([]byte, error) {
	var salt [32]byte
	if _, err := io.ReadFull(s.Rand, salt[:]); err != nil {
		return nil, err
	}
	head := snapshotHead{Form: snapshotForm, Salt: hex.EncodeToString(salt[:]), Snapshot: x.ID, From: stamp(t.From), To: stamp(t.To), Read: stamp(s.now())}
	rows, err := s.snapshotRows(ctx, t)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	for i, r := range rows {
		if r.Ordinal = i + 1; r.Phone != nil {
			head.Phones++
		} else {
			head.Addresses++
		}
		body.Write(r.Line())
	}
	first, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	size := snapshotFloor
	for size < len(first)+1+body.Len() {
		size *= 2
	}
	plain := append(append(make([]byte, 0, size), first...), '\n')
	plain = append(plain, body.Bytes()...)
	return append(plain, bytes.Repeat([]byte{'\n'}, size-len(plain))...), nil
}

// snapshotRows asks for the rows of each account to which the identifier leads.
func (s *Service) snapshotRows(ctx context.Context, t Target) (rows []Record, err error) {
	period, err := records.NewPeriod(t.From, t.To)
	if err != nil {
		return nil, err
	}
	holders, err := s.holders(ctx, t, period)
	if err != nil {
		return nil, err
	}
	for _, account := range holders {
		for _, category := range Categories {
			if !t.Wants(category) {
				continue
			}
			got, err := all(s.rowsOf(ctx, Item{AccountID: int64(account), Category: category}, period))
			if err != nil {
				return nil, err
			}
			rows = append(rows, got...)
		}
	}
	return rows, nil
}

// maxHolders is of how many accounts at most a snapshot is taken where the
// identifier changed hands; whose records an order gets, its review decides.
const maxHolders = 10

func (s *Service) holders(ctx context.Context, t Target, period records.Period) (accounts []records.AccountID, err error) {
	if !t.HolderAt.IsZero() {
		period = records.At(t.HolderAt)
	}
	parsed, err := identifier.Parse(records.Kind(t.Kind), t.Identifier.Reveal())
	if err != nil {
		return nil, err
	}
	found, err := s.Source.Resolve(ctx, parsed.During(period))
	if err != nil {
		return nil, err
	}
	seen := map[records.AccountID]bool{}
	for _, h := range found.Holdings {
		if !seen[h.Account] && len(accounts) < maxHolders {
			seen[h.Account] = true
			accounts = append(accounts, h.Account)
		}
	}
	return accounts, nil
}

// parseSnapshot reads contents that were opened.
func parseSnapshot(plain []byte) (head snapshotHead, rows []Record, err error) {
	lines := bytes.Split(bytes.TrimRight(plain, "\n"), []byte("\n"))
	if err := json.Unmarshal(lines[0], &head); err != nil || head.Form != snapshotForm || head.Phones+head.Addresses != len(lines)-1 {
		return head, nil, errSnapshot
	}
	if head.read, err = unstamp(head.Read); err != nil {
		return head, nil, errSnapshot
	}
	for _, raw := range lines[1:] {
		r, err := readLine(raw)
		if err != nil {
			return head, nil, errSnapshot
		}
		rows = append(rows, r)
	}
	return head, rows, nil
}

// errSnapshot does not quote the contents.
var errSnapshot = fault.New(fault.Gate, "A snapshot is not of the form in which it was written. Nothing leaves from it; tell the auditors.")

func unstamp(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse("2006-01-02T15:04:05.000000Z", text)
}

// times reads several moments; err is the last failure.
func times(err *error, texts ...string) []time.Time {
	out := make([]time.Time, len(texts))
	for i, text := range texts {
		t, bad := unstamp(text)
		if bad != nil {
			*err = bad
		}
		out[i] = t
	}
	return out
}

// record turns a line back into its record.
func (l line) record() (r Record, err error) {
	r.Ordinal, r.Item = l.Ordinal, l.Item
	if r.PreservedAt, err = unstamp(l.Preserved); err != nil {
		return r, err
	}
	if l.Phone != "" {
		at := times(&err, l.Verified, l.From, l.To)
		r.Phone = &records.PhoneRow{RecordID: l.Source, Account: records.AccountID(l.Account), Phone: personal.NewPhone(l.Phone),
			Verification: records.Verification(l.Status), VerifiedAt: at[0], ValidFrom: at[1], ValidTo: at[2]}
		return r, err
	}
	at := times(&err, l.At, l.First, l.Last, l.End)
	addr, bad := netip.ParseAddr(l.IP)
	if bad != nil {
		return r, bad
	}
	r.IP = &records.IPRow{RecordID: l.Source, Account: records.AccountID(l.Account), Event: records.EventType(l.Event), At: at[0], Address: personal.NewAddr(addr),
		SourcePort: l.Port, DestinationPort: l.DestPort, Transport: records.Transport(l.Transport), SessionID: l.Session, SessionType: records.SessionType(l.Type),
		FirstSeen: at[1], LastSeen: at[2], SessionEnd: at[3], Shared: records.Shared(l.Shared)}
	if l.Dest != "" {
		dest, bad := netip.ParseAddr(l.Dest)
		if bad != nil {
			return r, bad
		}
		r.IP.Destination = personal.NewAddr(dest)
	}
	return r, err
}
