package requests

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"net/netip"
	"time"

	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// The contents of a snapshot in the clear: a line that says what it is, a line for
// each record as Record.Line gives it, one with their counts, and line feeds up to a
// power of two of at least snapshotFloor bytes, so that its file's size tells little.
// In the first form the counts stood in the first line.
const (
	snapshotForm      = "lerd snapshot v2"
	snapshotFirstForm = "lerd snapshot v1"
	snapshotFloor     = 1 << 18
)

// snapshotHead is the first line.
type snapshotHead struct {
	Form     string `json:"form"`
	Salt     string `json:"salt"` // 32 random bytes, hexadecimal
	Snapshot string `json:"snapshot"`
	From     string `json:"from"`
	To       string `json:"to"`
	Read     string `json:"read"`
}

// snapshotCounts is the line behind the records.
type snapshotCounts struct {
	Phones    int `json:"phones"`
	Addresses int `json:"addresses"`
}

// snapshotTold is what is known of contents when they were written, or read, to
// their end.
type snapshotTold struct {
	snapshotHead
	snapshotCounts
	read   time.Time
	sha256 string // over all of them
}

// counts gives the digest that the log commits to.
func (t snapshotTold) counts() string {
	return digestOf(fmt.Appendf(nil, "lerd snapshot counts v1\n%s\n%d\n%d\n", t.Salt, t.Phones, t.Addresses))
}

// next counts a record and gives its number.
func (c *snapshotCounts) next(r Record) int {
	if r.Phone != nil {
		c.Phones++
	} else {
		c.Addresses++
	}
	return c.Phones + c.Addresses
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeSnapshot writes what the account data hold of a target, read through the
// guard: the categories and the period that were asked, of whoever held the
// identifier.
func (s *Service) writeSnapshot(ctx context.Context, dst io.Writer, x Snapshot, t Target) (told snapshotTold, err error) {
	var salt [32]byte
	if _, err := io.ReadFull(s.Rand, salt[:]); err != nil {
		return told, err
	}
	told.read = s.now()
	told.snapshotHead = snapshotHead{Form: snapshotForm, Salt: hex.EncodeToString(salt[:]), Snapshot: x.ID, From: stamp(t.From), To: stamp(t.To), Read: stamp(told.read)}
	w := snapshotWriter{dst: dst, digest: sha256.New()}
	if err := w.line(told.snapshotHead); err != nil {
		return told, err
	}
	for r, err := range s.snapshotRows(ctx, t) {
		if err != nil {
			return told, err
		}
		r.Ordinal = told.next(r)
		if err := w.write(r.Line()); err != nil {
			return told, err
		}
	}
	if err := w.line(told.snapshotCounts); err != nil {
		return told, err
	}
	if err := w.fill(); err != nil {
		return told, err
	}
	told.sha256 = hex.EncodeToString(w.digest.Sum(nil))
	return told, nil
}

// snapshotWriter knows how much was written, and its digest.
type snapshotWriter struct {
	dst    io.Writer
	digest hash.Hash
	size   int64
}

func (w *snapshotWriter) write(b []byte) error {
	w.digest.Write(b)
	w.size += int64(len(b))
	_, err := w.dst.Write(b)
	return err
}

func (w *snapshotWriter) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.write(append(b, '\n'))
}

// fill writes line feeds up to the next power of two.
func (w *snapshotWriter) fill() error {
	size := int64(snapshotFloor)
	for size < w.size {
		size *= 2
	}
	blank := bytes.Repeat([]byte{'\n'}, 1<<16)
	for w.size < size {
		if err := w.write(blank[:min(int64(len(blank)), size-w.size)]); err != nil {
			return err
		}
	}
	return nil
}

// snapshotRows gives the rows of each account to which the identifier leads.
func (s *Service) snapshotRows(ctx context.Context, t Target) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		period, err := records.NewPeriod(t.From, t.To)
		if err != nil {
			yield(Record{}, err)
			return
		}
		holders, err := s.holders(ctx, t, period)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, account := range holders {
			for _, category := range Categories {
				if !t.Wants(category) {
					continue
				}
				for r, err := range s.rowsOf(ctx, Item{AccountID: int64(account), Category: category}, period) {
					if !yield(r, err) || err != nil {
						return
					}
				}
			}
		}
	}
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

// parseSnapshot reads opened contents of either form to their end, and gives each of
// their records on the way.
func parseSnapshot(in io.Reader, each func(Record) error) (told snapshotTold, err error) {
	digest := sha256.New()
	lines := bufio.NewReaderSize(io.TeeReader(in, digest), 1<<16)
	var want snapshotCounts
	if want, err = parseHead(lines, &told); err != nil {
		return told, err
	}
	for told.Form == snapshotForm || told.snapshotCounts != want {
		raw, err := readSnapshotLine(lines)
		if err != nil {
			return told, err
		}
		if told.Form == snapshotForm && bytes.HasPrefix(raw, []byte(`{"phones":`)) {
			if json.Unmarshal(raw, &want) != nil || told.snapshotCounts != want {
				return told, errSnapshot
			}
			break
		}
		r, err := readLine(raw)
		if err != nil || r.Ordinal != told.next(r) {
			return told, errSnapshot
		}
		if err := each(r); err != nil {
			return told, err
		}
	}
	if err := onlyLineFeeds(lines); err != nil {
		return told, err
	}
	told.sha256 = hex.EncodeToString(digest.Sum(nil))
	return told, nil
}

// parseHead reads the first line, and gives the counts that it has in the first form.
func parseHead(lines *bufio.Reader, told *snapshotTold) (want snapshotCounts, err error) {
	raw, err := readSnapshotLine(lines)
	if err != nil {
		return want, err
	}
	bad := errors.Join(json.Unmarshal(raw, &told.snapshotHead), json.Unmarshal(raw, &want))
	if bad != nil || told.Form != snapshotForm && told.Form != snapshotFirstForm {
		return want, errSnapshot
	}
	if told.read, err = unstamp(told.Read); err != nil {
		return want, errSnapshot
	}
	return want, nil
}

// readSnapshotLine gives a line without its line feed.
func readSnapshotLine(lines *bufio.Reader) ([]byte, error) {
	raw, err := lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil, errSnapshot
	}
	return bytes.TrimSuffix(raw, []byte("\n")), err
}

// onlyLineFeeds reads to the end.
func onlyLineFeeds(rest *bufio.Reader) error {
	buf := make([]byte, 1<<15)
	for {
		n, err := rest.Read(buf)
		if len(bytes.Trim(buf[:n], "\n")) > 0 {
			return errSnapshot
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// errSnapshot does not quote the contents.
var errSnapshot = errors.New("a snapshot is not of the form in which it was written")

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
