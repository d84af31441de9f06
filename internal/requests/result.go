package requests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// Result is a signed answer: what became of each account and kind of data. "Refused"
// and "nothing to hand over" are answers too.
type Result struct {
	ID      string
	Request ID
	Agency  identity.AgencyID
	Ordinal int    // from 1, of the case
	Basis   string // what it tells of: a release's id, or state:version of a case without one
	SHA256  string // hexadecimal, of the file
	Bytes   int64
	At      time.Time
	EventID audit.EventID
}

// FactResult names the digest of a result's file in its event.
const FactResult = "result_sha256"

// resultSchema names the form of a result's file.
const resultSchema = "lerd.result/1"

// resultFile is a result as it is signed. Accounts are named by their place in
// the request, so that the file carries no number and no name.
type resultFile struct {
	Schema   string       `json:"schema"`
	Request  string       `json:"request"` // the reference that people quote
	Order    string       `json:"order_sha256"`
	Process  string       `json:"process"`
	Received string       `json:"received_at"`
	Answered string       `json:"answered_at"`
	Result   string       `json:"result"` // released, nothing_to_hand_over, refused
	Items    []resultItem `json:"items"`
	Reasons  []reason     `json:"reasons,omitempty"` // of the request as a whole
	Bundle   *resultOf    `json:"bundle,omitempty"`
}

type resultItem struct {
	Account  string   `json:"account"` // t1, t2 …
	Category Category `json:"category"`
	Outcome  string   `json:"outcome"` // produce, narrow, refuse, not_held, dropped
	Asked    period   `json:"asked"`   // as it was signed
	Given    *period  `json:"given,omitempty"`
	Reasons  []reason `json:"reasons,omitempty"`
}

type period struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure,omitempty"` // what would make it valid
}

type resultOf struct {
	Ref        string `json:"ref"`
	SHA256     string `json:"sha256"`
	Supersedes string `json:"supersedes,omitempty"`
}

// basis says of what a case's result tells now, "" where it has none.
func (c Case) basis() string {
	switch {
	case c.Release != nil && c.Release.State == Exported:
		return string(c.Release.ID)
	case c.Request.State == Refused, c.Request.State == NoData:
		return string(c.Request.State) + ":" + strconv.FormatInt(c.Request.Version, 10)
	}
	return ""
}

// DueResult gives the file of a case's result that is not signed yet, nil where
// every one is.
func (s *Service) DueResult(ctx context.Context, id ID) (r Result, file []byte, err error) {
	defer fault.Wrap(&err, "requests.DueResult(%s)", id)
	c, _, _, err := s.open(ctx, id, "export", "release")
	if err != nil {
		return r, nil, err
	}
	basis := c.basis()
	for _, had := range c.Results {
		if had.Basis == basis {
			return r, nil, nil
		}
	}
	if basis == "" {
		return r, nil, nil
	}
	if file, err = s.resultFile(c); err != nil {
		return r, nil, err
	}
	sum := sha256.Sum256(file)
	return Result{ID: newID[string](), Request: id, Agency: c.Request.Agency, Ordinal: len(c.Results) + 1, Basis: basis, SHA256: hex.EncodeToString(sum[:]),
		Bytes: int64(len(file)), At: s.now()}, file, nil
}

// resultFile writes the result as its agency reads it.
func (s *Service) resultFile(c Case) ([]byte, error) {
	q := c.Request
	f := resultFile{Schema: resultSchema, Request: q.Ref, Order: c.Document.SHA256, Process: q.Process.ID, Received: stamp(q.ReceivedAt), Answered: stamp(q.ClosedAt)}
	switch {
	case c.Release != nil:
		f.Result, f.Answered = "released", stamp(c.Release.ExportedAt)
		f.Bundle = &resultOf{Ref: c.Release.Ref, SHA256: c.Release.EncryptedSHA256, Supersedes: c.Superseded(*c.Release)}
	case q.State == NoData:
		f.Result, f.Reasons = "nothing_to_hand_over", s.reasons([]string{nothingCode})
	default:
		f.Result, f.Reasons = "refused", s.reasons(q.Refusals)
	}
	c.Decisions = c.Told()
	for _, t := range q.Targets {
		for _, cat := range Categories {
			if t.signed().Wants(cat) {
				f.Items = append(f.Items, s.resultItem(c, t, cat))
			}
		}
	}
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), err
}

func (s *Service) resultItem(c Case, t Target, cat Category) resultItem {
	asked := t.signed()
	i := resultItem{Account: t.Ref(), Category: cat, Outcome: string(NotHeld), Asked: period{stamp(asked.From), stamp(asked.To)}}
	if !t.Wants(cat) {
		i.Outcome = "dropped"
		return i
	}
	d, decided := c.Decision(t.ID, cat)
	switch {
	case c.Request.State == Refused && (!decided || d.Outcome != NotHeld):
		i.Outcome = string(Refuse)
	case decided:
		i.Outcome = string(d.Outcome)
	}
	if decided && d.Outcome.Leaves() {
		i.Given = &period{stamp(d.From), stamp(d.To)}
	}
	i.Reasons = s.reasons(d.Reasons)
	if i.Outcome == string(NotHeld) {
		i.Reasons = s.reasons([]string{nothingCode})
	}
	return i
}

func (s *Service) reasons(codes []string) (out []reason) {
	for _, code := range codes {
		if r := s.Law.Refusal(legal.RefusalCode(code)); r != nil {
			out = append(out, reason{code, r.Text, r.Cure})
		}
	}
	return out
}

// ResultBlob and SealBlob name a result's file and the seal over it.
func ResultBlob(r Result) string { return "results/" + r.ID + ".json" }

// SealBlob names the seal over a result's file.
func SealBlob(r Result) string { return "results/" + r.ID + ".p7s" }

// KeepResult stores a result with the seal over it, and commits to its digest in
// the log.
func (s *Service) KeepResult(ctx context.Context, r Result, file, seal []byte) (err error) {
	defer fault.Wrap(&err, "requests.KeepResult(%s)", r.Request)
	_, rule, err := s.may(ctx, "export", "release", r.Agency)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{ResultBlob(r): file, SealBlob(r): seal} {
		if err := s.Blobs.Put(ctx, name, bytes.NewReader(b)); err != nil {
			return err
		}
	}
	e := change.Event(ctx, s.now(), "request.result", "result:"+r.ID, 1)
	e.Facts["request"], e.Facts[FactResult], e.Facts["rule"] = string(r.Request), r.SHA256, rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&r}}}})
}

// SignedResult is a result as its agency fetches it.
type SignedResult struct {
	Ref   string
	File  []byte
	Seal  []byte // detached CMS signature, DER
	Entry []byte // the event that commits to the file
	Proof []byte // c2sp.org/tlog-proof@v1
}

// ResultFile gives an agency the newest signed result of its case, Unavailable
// until the log has signed it; the look is recorded.
func (s *Service) ResultFile(ctx context.Context, id ID) (out SignedResult, err error) {
	defer fault.Wrap(&err, "requests.ResultFile(%s)", id)
	c, _, rule, err := s.open(ctx, id, "view", "request")
	if err != nil {
		return out, err
	}
	if len(c.Results) == 0 {
		return out, fault.New(fault.NotFound, "There is nothing here.")
	}
	r := c.Results[len(c.Results)-1]
	out.Ref = c.Request.Ref
	ev, err := s.TrailStore.Event(ctx, r.EventID)
	if err != nil {
		return out, err
	}
	out.Entry = ev.Entry
	if out.Proof, err = s.Proofs.Proof(ctx, r.EventID); fault.KindOf(err) == fault.NotFound && err != nil {
		return out, fault.Because(fault.Unavailable, err, "The log signs this result within a moment. Please try again.")
	}
	if err != nil {
		return out, err
	}
	if out.File, err = s.blob(ctx, ResultBlob(r)); err != nil {
		return out, err
	}
	if out.Seal, err = s.blob(ctx, SealBlob(r)); err != nil {
		return out, err
	}
	return out, s.look(ctx, c, "request.result_given", rule)
}

func (s *Service) blob(ctx context.Context, name string) ([]byte, error) {
	r, err := s.Blobs.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, 1<<20))
}

// ResultsDue lists cases that were answered since a time, with a result that is not signed
// yet, and tells whether it lists all.
func (s *Service) ResultsDue(ctx context.Context, since time.Time) (due []ID, all bool, err error) {
	if _, _, err := s.may(ctx, "export", "release", ""); err != nil {
		return nil, false, err
	}
	const atOnce = 100
	due, err = s.After.ResultsDue(ctx, since, atOnce)
	return due, len(due) < atOnce, err
}
