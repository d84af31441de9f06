package agencies

import (
	"context"
	"io"
	"strconv"
	"time"

	"lerd/internal/agencies/statement"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

func itoa(n int) string { return strconv.Itoa(n) }

// StatementStore keeps statements and what they are made of.
type StatementStore interface {
	// StatementDue gives agencies that were vetted before the end of a period and
	// have no statement of it.
	StatementDue(ctx context.Context, from, to time.Time) ([]identity.AgencyID, error)
	// StatementLines gives every request made in an agency's name in a period, and
	// the size of the log that holds them all; Unavailable while one has no place.
	StatementLines(ctx context.Context, agency identity.AgencyID, from, to time.Time) ([]statement.Line, int64, error)
	// Statement gives a statement, or NotFound.
	Statement(ctx context.Context, id StatementID) (Statement, error)
}

// Files keeps bytes under names that lerd makes.
type Files interface {
	Put(ctx context.Context, name string, r io.Reader) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
}

// StatementSigner signs SHA256SUMS: a detached CMS signature in DER and the
// signer's chain in PEM.
type StatementSigner interface {
	SignStatement(ctx context.Context, sums []byte, at time.Time) (signature, chain []byte, err error)
}

// LogProofs gives an event's entry and its proof, NotFound until it is signed.
type LogProofs interface {
	Proof(ctx context.Context, id audit.EventID) ([]byte, error)
	Entry(ctx context.Context, id audit.EventID) (audit.Entry, error)
}

// Statements makes and hands out the periodic statements.
type Statements struct {
	*Service
	Statements StatementStore
	Files      Files
	Signer     StatementSigner
	Proofs     LogProofs
	Log        string // name of the audit log
	Product    string
}

// Grace is how long after the end of a month its statements are made, so that
// whatever was made in its last second has its place in the log.
const Grace = time.Hour

// CatchUp is for how many months back statements are made that are missing, e.g.
// because lerd did not run.
const CatchUp = 12

// RunOnce makes the statements of the last months that are not there yet, the
// oldest first, also of agencies in whose name nothing was asked. Lost anywhere: the file that was
// written is nobody's, and the statement is made again. Done and reported lost:
// it is there and is not made again.
func (s *Statements) RunOnce(ctx context.Context) (made int, err error) {
	defer fault.Wrap(&err, "agencies.Statements")
	ctx = identity.With(ctx, identity.SystemActor())
	_, end := statement.Month(s.now().Add(-Grace))
	for back := CatchUp - 1; back >= 0; back-- {
		n, err := s.month(ctx, end.AddDate(0, -back-1, 0), end.AddDate(0, -back, 0))
		if made += n; err != nil {
			return made, err
		}
	}
	return made, nil
}

// month makes the statements of one month.
func (s *Statements) month(ctx context.Context, from, to time.Time) (made int, err error) {
	due, err := s.Statements.StatementDue(ctx, from, to)
	if err != nil {
		return 0, err
	}
	for _, id := range due {
		err := s.make(ctx, id, from, to)
		if err != nil && fault.KindOf(err) != fault.Conflict {
			return made, err
		}
		if err == nil {
			made++
		}
	}
	return made, nil
}

func (s *Statements) make(ctx context.Context, agency identity.AgencyID, from, to time.Time) error {
	_, rule, err := s.may(ctx, "make", "statement", agency)
	if err != nil {
		return err
	}
	d, err := s.Store.Dossier(ctx, agency)
	if err != nil {
		return err
	}
	lines, size, err := s.Statements.StatementLines(ctx, agency, from, to)
	if err != nil {
		return err
	}
	st := Statement{ID: newID[StatementID](), Agency: agency, From: from, To: to, Requests: len(lines), MadeAt: s.now(), LogSize: size}
	st.Blob = "statements/" + string(st.ID) + ".zip"
	if st.SumsSHA256, err = s.write(ctx, d, st, lines); err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), "agency.statement_made", "statement:"+string(agency)+":"+from.Format("2006-01"), 1)
	e.Facts["agency"], e.Facts["from"], e.Facts["to"], e.Facts["requests"] = string(agency), from.Format(time.DateOnly), to.Format(time.DateOnly), itoa(st.Requests)
	e.Facts["sums_sha256"], e.Facts["rule"] = st.SumsSHA256, rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&st}}}})
}

// write puts the signed files under the statement's name and gives the digest of
// what was signed.
func (s *Statements) write(ctx context.Context, d Dossier, st Statement, lines []statement.Line) (string, error) {
	content := statement.Statement{Format: statement.Format, ID: string(st.ID), Made: st.MadeAt, Product: s.Product, AgencyID: string(d.Agency.ID), Agency: d.Agency.Name,
		Country: d.Agency.Country, From: st.From, To: st.To, Log: s.Log, LogSize: st.LogSize, Requests: lines}
	if list := InForce(d.Details, Oversight, st.MadeAt); len(list) > 0 {
		content.Oversight = list[0].Name
	}
	files, err := content.Files()
	if err != nil {
		return "", err
	}
	sums := files[len(files)-1].Body
	signature, chain, err := s.Signer.SignStatement(ctx, sums, st.MadeAt)
	if err != nil {
		return "", err
	}
	files = append(files, statement.File{Name: statement.SignatureName, Body: signature}, statement.File{Name: statement.ChainName, Body: chain},
		statement.File{Name: statement.HowName, Body: []byte(statement.How)})
	packed, err := statement.Zip(files, st.MadeAt)
	if err != nil {
		return "", err
	}
	return sha256Hex(sums), s.Files.Put(ctx, st.Blob, readerOf(packed))
}

// StatementDigest is what somebody agrees to who takes a statement.
func (s Statement) StatementDigest() identity.Digest {
	return identity.DigestOf("statement", string(s.ID), s.SumsSHA256)
}

// Of gives an agency's statements, the newest first.
func (s *Statements) Of(ctx context.Context, agency identity.AgencyID) (_ []Statement, err error) {
	defer fault.Wrap(&err, "agencies.StatementsOf(%s)", agency)
	if _, _, err := s.may(ctx, "download", "statement", agency); err != nil {
		return nil, err
	}
	return s.Offices.Statements(ctx, agency)
}

// Find gives a statement to its agency's administrator, or to a registrar who
// hands it over to the oversight body.
func (s *Statements) Find(ctx context.Context, id StatementID) (st Statement, err error) {
	defer fault.Wrap(&err, "agencies.Statement(%s)", id)
	if st, err = s.Statements.Statement(ctx, id); err != nil {
		return st, err
	}
	_, _, err = s.may(ctx, "download", "statement", st.Agency)
	return st, err
}

// Open gives a statement with the proof of its place in the log, as a zip file.
// Whoever takes it agrees with their passkey, and that is on record first.
func (s *Statements) Open(ctx context.Context, id StatementID) (packed []byte, name string, err error) {
	defer fault.Wrap(&err, "agencies.Open(%s)", id)
	st, err := s.Find(ctx, id)
	if err != nil {
		return nil, "", err
	}
	actor, rule, err := s.may(ctx, "download", "statement", st.Agency)
	if err != nil {
		return nil, "", err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeDownload, st.StatementDigest())
	if err != nil {
		return nil, "", err
	}
	if packed, err = s.proven(ctx, st); err != nil {
		return nil, "", err
	}
	e := change.Event(ctx, s.now(), "agency.statement_downloaded", "look:"+string(id)+":"+string(actor.Person), 0)
	e.Facts["agency"], e.Facts["statement"], e.Facts["rule"] = string(st.Agency), string(id), rule
	causes(&e, st.EventID)
	part := change.Part{Event: e}
	change.Prove(&part, proof)
	return packed, "statement-" + st.From.Format("2006-01") + ".zip", s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// proven adds the entry and its proof to a statement's files.
func (s *Statements) proven(ctx context.Context, st Statement) ([]byte, error) {
	proof, err := s.Proofs.Proof(ctx, st.EventID)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.Because(fault.Unavailable, err, "The log signs this statement within a moment. Please try again.")
	}
	if err != nil {
		return nil, err
	}
	entry, err := s.Proofs.Entry(ctx, st.EventID)
	if err != nil {
		return nil, err
	}
	r, err := s.Files.Get(ctx, st.Blob)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	packed, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	files, err := statement.Unzip(packed)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Name == statement.SumsName && sha256Hex(f.Body) != st.SumsSHA256 {
			return nil, fault.New(fault.Gate, "The file is no longer what was signed. Tell the auditors.")
		}
	}
	return statement.Zip(append(files, statement.File{Name: statement.EntryName, Body: entry}, statement.File{Name: statement.ProofName, Body: proof}), st.MadeAt)
}
