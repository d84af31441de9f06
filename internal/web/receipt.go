package web

import (
	"archive/zip"
	"bytes"
	"net/http"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// receiptPage is the receipt as people read and print it.
type receiptPage struct {
	Base
	Ref      string
	Sealed   bool // the proof is there
	Waiting  Notice
	Facts    []Fact
	Log      []Fact
	File     string // where the receipt's file is
	Commands []verifyStep
	Leave    string
}

var receiptView = newPage[receiptPage]("receipt", "breadcrumb", "facts", "cell", "badge", "when", "digest", "notice", "commands")

func (s *Server) receiptRoutes() []Route {
	if s.cfg.Services.Receipts == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/:id/receipt", Name: "receipt.show", Title: "receipt.title", Roles: officer, Verb: "view", Object: "request", Handle: s.showReceipt},
		{Method: http.MethodGet, Path: "/requests/:id/receipt.zip", Name: "receipt.file", Title: "receipt.title", Roles: officer, Verb: "view", Object: "request", Handle: s.receiptFile},
	}
}

// receiptOf gives the receipt that the address names; a request that was not
// submitted has none yet.
func (s *Server) receiptOf(c *Ctx) (requests.SubmissionReceipt, error) {
	id, err := c.requestID()
	if err != nil {
		return requests.SubmissionReceipt{}, err
	}
	return s.cfg.Services.Receipts.Receipt(c.Ctx(), id)
}

func (s *Server) showReceipt(c *Ctx) error {
	r, err := s.receiptOf(c)
	if err != nil {
		return err
	}
	q := r.Case.Request
	path := requests.PathOf(q.ID)
	p := receiptPage{Base: c.Base("receipt.title"), Ref: q.Ref, Sealed: r.Proof != nil, File: path + "/receipt.zip", Leave: path,
		Waiting: Notice{Kind: Info, Title: c.T("receipt.sealing"), Text: c.T("receipt.sealing.text")}}
	p.Zone = zoneOf(r.Case.Agency)
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {q.Ref, path}, {p.Title, ""}}
	p.Facts = append(s.receiptFacts(c, r, p.Base), deadlineFacts(c, q, p.Zone)...)
	f := facts{c: c}
	f.add("receipt.event", Cell{Code: string(r.Event.ID), Note: r.Event.Kind})
	f.add("receipt.key", Cell{Code: s.cfg.LogKey})
	p.Log = f.list
	p.Commands = []verifyStep{{Title: c.T("receipt.verify"), Text: c.T("receipt.verify.text"), Command: receiptCommand(r)}}
	return receiptView.Show(c, p)
}

// receiptCommand is the command that verifies a receipt offline.
func receiptCommand(r requests.SubmissionReceipt) string {
	ref := r.Case.Request.Ref
	command := "lerd-verify proof " + ref + ".tlog-proof --entry " + ref + ".entry.json --vkey log.vkey"
	if r.Opening != nil {
		command += " --opening " + ref + ".opening"
	}
	return command
}

func (s *Server) receiptFacts(c *Ctx, r requests.SubmissionReceipt, b Base) []Fact {
	q := r.Case.Request
	at := b.When(q.ReceivedAt)
	f := facts{c: c}
	f.add("requests.col.ref", Cell{Code: q.Ref, Note: string(q.ID)})
	f.add("receipt.at", Cell{When: &at})
	f.text("request.f.order_number", q.Order.Number)
	f.add("receipt.order", Cell{Digest: &Digest{"SHA-256", r.Case.Document.SHA256}})
	for _, g := range r.Case.Signatures {
		signed := b.When(g.At)
		f.add("receipt.signed."+g.Kind, Cell{When: &signed, Note: g.Attestation})
	}
	if g, ok := r.Case.Signature(requests.SignedToSubmit); ok {
		f.add("cosign.digest", Cell{Digest: &Digest{"SHA-256", g.Digest}})
	}
	return f.list
}

// receiptFile sends the proof with the entry that it is of, and what they show
// in plain words.
func (s *Server) receiptFile(c *Ctx) error {
	r, err := s.receiptOf(c)
	if err != nil {
		return err
	}
	if r.Proof == nil {
		return fault.New(fault.Unavailable, "%s", c.T("receipt.sealing.text"))
	}
	ref := r.Case.Request.Ref
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files := []receiptPart{{ref + ".txt", s.receiptText(c, r)}, {ref + ".tlog-proof", r.Proof}, {ref + ".entry.json", r.Entry}, {"log.vkey", []byte(s.cfg.LogKey + "\n")}}
	if r.Opening != nil {
		files = append(files, receiptPart{ref + ".opening", r.Opening})
	}
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.body); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(b.Bytes()), ref+".receipt.zip", "application/zip")
}

// receiptPart is a file of the receipt.
type receiptPart struct {
	name string
	body []byte
}

// receiptText says in plain words what the receipt shows and how to check it.
func (s *Server) receiptText(c *Ctx, r requests.SubmissionReceipt) []byte {
	q := r.Case.Request
	lines := []string{c.T("receipt.title"), "", c.T("receipt.line.ref", "ref", q.Ref, "id", string(q.ID)), c.T("receipt.line.at", "time", When{At: q.ReceivedAt}.UTC()),
		c.T("receipt.line.order", "sha256", r.Case.Document.SHA256)}
	if g, ok := r.Case.Signature(requests.SignedToSubmit); ok {
		lines = append(lines, c.T("receipt.line.statement", "sha256", g.Digest, "text", g.Attestation, "text_sha256", g.AttestationSHA256))
	}
	if !q.EffectBy.IsZero() {
		lines = append(lines, c.T("receipt.line.effect", "time", When{At: q.EffectBy}.UTC()))
	}
	lines = append(lines, "", c.T("receipt.line.how"), "", "    "+receiptCommand(r), "", c.T("receipt.line.key"), "")
	return []byte(strings.Join(lines, "\r\n"))
}
