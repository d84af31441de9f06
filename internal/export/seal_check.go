package export

import (
	"bytes"
	"crypto/x509"
	"encoding/json"

	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
)

// checkSeal refuses whatever would make a seal that cannot be relied on later, but
// for what checkRevocation looks at.
func (m *Maker) checkSeal(s *stage, r *SealRequest) error {
	if r.TSA == nil && !r.BelowLT {
		return fault.New(fault.Gate, "No time-stamping authority is set up. Nothing is released without a time stamp.")
	}
	if got := NameSigner(r.Signer); got != s.Signer {
		return fault.New(fault.Conflict, "The contents name another sealing key. Prepare the export again under the new key.")
	}
	return checkEntry(r.Proof, KindSealed, map[string]string{FactExport: s.ExportID, FactContents: hexOf(s.file("data/export.json").SHA256)})
}

// checkRevocation reads every list and every OCSP answer and holds our own
// certificates, and the time-stamping authorities', against them.
func (m *Maker) checkRevocation(r *SealRequest) error {
	var lists []*x509.RevocationList
	for _, der := range r.CRLs {
		crl, err := x509.ParseRevocationList(der)
		if err != nil {
			return fault.Because(fault.Gate, err, "A revocation list cannot be read. Nothing is released without current ones.")
		}
		if err := m.checkCurrent(crl); err != nil {
			return err
		}
		lists = append(lists, crl)
	}
	answers, err := m.readAnswers(r.OCSPs)
	if err != nil {
		return err
	}
	if r.BelowLT && len(lists)+len(answers) == 0 {
		return nil
	}
	status := cms.Path{CRLs: lists, OCSPs: answers}
	if err := m.checkPath(r.Signer.Chain(), cms.Seal, status); err != nil {
		return err
	}
	for i, c := range r.TSAChain {
		if !c.IsCA {
			if err := m.checkPath(r.TSAChain[i:], cms.TimeStamp, status); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Maker) checkCurrent(crl *x509.RevocationList) error {
	if !crl.NextUpdate.After(m.Now()) {
		return fault.New(fault.Gate, "The revocation list of %s ended on %s. Fetch the current one.", crl.Issuer.CommonName, stampOf(crl.NextUpdate))
	}
	if crl.ThisUpdate.After(m.Now()) {
		return fault.New(fault.Gate, "The revocation list of %s begins on %s, in the future. Check the clock.", crl.Issuer.CommonName, stampOf(crl.ThisUpdate))
	}
	return nil
}

// readAnswers reads OCSP answers, none of which may begin in the future.
func (m *Maker) readAnswers(raw [][]byte) (answers []*cms.OCSP, err error) {
	for _, der := range raw {
		o, err := cms.ParseOCSP(der)
		if err != nil {
			return nil, fault.Because(fault.Gate, err, "Nothing is released: %s", fault.Message(err))
		}
		if o.ThisUpdate.After(m.Now().Add(tsp.MaxSkew)) {
			return nil, fault.New(fault.Gate, "An OCSP answer begins on %s, in the future. Check the clock.", stampOf(o.ThisUpdate))
		}
		answers = append(answers, o)
	}
	return answers, nil
}

// checkPath verifies a chain (leaf first) now, with a list or an answer for each
// of its links.
func (m *Maker) checkPath(chain []*x509.Certificate, purpose cms.Purpose, status cms.Path) error {
	var roots []*x509.Certificate
	for _, c := range chain {
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			roots = append(roots, c)
		}
	}
	_, err := cms.Path{Leaf: chain[0], Pool: chain, Roots: roots, CRLs: status.CRLs, OCSPs: status.OCSPs, At: m.Now(), Purpose: purpose, NeedStatus: true}.Verify()
	if err != nil {
		return fault.Because(fault.Gate, err, "Nothing is released: %s", fault.Message(err))
	}
	return nil
}

// checkEntry sees that an event states what it must, before it is enclosed.
func checkEntry(p Proof, kind string, facts map[string]string) error {
	var e struct {
		Kind  string            `json:"kind"`
		Facts map[string]string `json:"facts"`
	}
	if err := json.Unmarshal(p.Entry, &e); err != nil {
		return fault.Because(fault.Invalid, err, "The audit event's entry cannot be read.")
	}
	if e.Kind != kind {
		return fault.New(fault.Invalid, "The audit event must be %s.", kind)
	}
	for name, want := range facts {
		if e.Facts[name] != want {
			return fault.New(fault.Conflict, "The audit event does not commit to this export: its %s differs.", name)
		}
	}
	return nil
}
