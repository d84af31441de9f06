package web

import (
	"context"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/papers"
	"lerd/internal/requests"
	"lerd/internal/requests/pades"
)

// Papers knows what was found out about documents before anybody saw them;
// *papers.Service fulfils it.
type Papers interface {
	// Examine gives a document's examination, and makes it the first time;
	// Unavailable while it waits for the scanner.
	Examine(ctx context.Context, d requests.Document) (papers.Examination, error)
}

var signingTones = map[pades.Result]Tone{pades.Verified: Good, pades.Unverifiable: Caution, pades.Failed: Danger}

// paperFacts say what was found out about a document: the scanner's word, each
// electronic signature with why it is as it is, and the file's revisions. waits
// says why nobody can see it, "" where people can.
func (s *Server) paperFacts(c *Ctx, d requests.Document, zone *time.Location) (list []Fact, waits string, err error) {
	if s.cfg.Services.Papers == nil {
		return nil, "", nil
	}
	e, err := s.cfg.Services.Papers.Examine(c.Ctx(), d)
	if fault.KindOf(err) == fault.Unavailable {
		return nil, c.T("review.paper.waits"), nil
	}
	if err != nil {
		return nil, "", err
	}
	f := facts{c: c}
	f.add("review.paper.scan", c.scanCell(e))
	if e.Scan == papers.Harmful {
		return f.list, c.T("review.paper.harmful"), nil
	}
	f.add("review.paper.signing", c.signingCell(e))
	for _, g := range e.Signatures {
		f.add("review.paper.signature", c.signatureCell(g))
	}
	if e.Revisions > 1 {
		f.add("review.paper.revisions", Cell{Text: c.T("review.paper.revisions.n", "n", e.Revisions), Note: c.T("review.paper.revisions.note")})
	}
	f.add("review.paper.at", Cell{When: &When{e.At, zone}})
	return f.list, "", nil
}

func (c *Ctx) scanCell(e papers.Examination) Cell {
	tone := map[string]Tone{papers.Clean: Good, papers.Harmful: Danger}[e.Scan]
	cell := Cell{Badge: &Badge{c.T("review.paper.scan." + e.Scan), tone}}
	if e.Engine != "" {
		cell.Note = c.T("review.paper.engine", "engine", e.Engine)
	}
	if e.Malware != "" {
		cell.Note = c.T("review.paper.named", "engine", e.Engine, "name", e.Malware)
	}
	return cell
}

func (c *Ctx) signingCell(e papers.Examination) Cell {
	result := string(e.Signing)
	if result == "" {
		result = "none"
	}
	note := c.T("review.paper.anchors", "n", e.Anchors)
	return Cell{Badge: &Badge{c.T("review.paper.signing." + result), signingTones[e.Signing]}, Note: note}
}

// signatureCell says of one signature whose it claims to be and what is wrong.
func (c *Ctx) signatureCell(g pades.Signature) Cell {
	kind := "signature"
	if g.Stamp {
		kind = "stamp"
	}
	why := []string{c.T("review.paper.kind." + kind)}
	if g.Signer != "" {
		why = append(why, c.T("review.paper.signer", "signer", g.Signer))
	}
	for _, r := range g.Reasons {
		why = append(why, c.T("signing.reason."+string(r)))
	}
	if g.Issuer != "" {
		why = append(why, c.T("review.paper.issuer", "issuer", g.Issuer))
	}
	switch {
	case g.Proven != "":
		why = append(why, c.T("review.paper.proven", "at", g.Proven))
	case g.Claimed != "":
		why = append(why, c.T("review.paper.claimed", "at", g.Claimed))
	}
	if len(g.Later) > 0 {
		why = append(why, c.T("review.paper.later", "what", strings.Join(g.Later, "; ")))
	}
	return Cell{Badge: &Badge{c.T("review.paper.signing." + string(g.Result)), signingTones[g.Result]}, Note: strings.Join(why, " ")}
}
