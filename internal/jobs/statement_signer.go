package jobs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"time"

	"lerd/internal/export/cms"
)

// StatementSigner signs the periodic statements with the seal of the bundles.
// That the signature existed when it says so is shown by the log, which holds the
// digest of what was signed.
type StatementSigner struct{ Keys Keys }

// SignStatement gives a detached CMS signature over sums, DER, and the signer's
// chain, PEM.
func (s StatementSigner) SignStatement(ctx context.Context, sums []byte, at time.Time) (signature, chain []byte, err error) {
	signature, err = cms.Sign(ctx, cms.SignRequest{Digest: sha256.Sum256(sums), Signer: s.Keys.Signer, SigningTime: at, Rand: rand.Reader})
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	for _, c := range s.Keys.Signer.Chain() {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return nil, nil, err
		}
	}
	return signature, out.Bytes(), nil
}
