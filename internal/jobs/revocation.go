package jobs

import (
	"context"
	"crypto/x509"

	"lerd/internal/export/ocsp"
	"lerd/internal/fault"
)

// revocation gives what shows that no certificate of the chains was revoked, in
// DER: lists, and OCSP answers about the certificates that no list covers. What
// it gives was asked for now; nothing is kept from one sealing to the next.
func (k Keys) revocation(ctx context.Context) (crls, answers [][]byte, err error) {
	if crls, err = k.CRLs(ctx); err != nil {
		return nil, nil, fault.Because(fault.Unavailable, err, "No fresh revocation lists; nothing is sealed without them.")
	}
	if k.OCSP == nil {
		return crls, nil, nil
	}
	var lists []*x509.RevocationList
	for _, der := range crls {
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, nil, fault.Because(fault.Gate, err, "A revocation list cannot be read. Nothing is sealed without current ones.")
		}
		lists = append(lists, l)
	}
	answers, err = k.OCSP.Missing(ctx, append(ocsp.Links(k.Signer.Chain()), ocsp.Links(k.TSAChain)...), lists)
	return crls, answers, err
}
