package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/ocsp"
	"lerd/internal/export/ocsp/ocsphttp"
	"lerd/internal/export/tsp"
	"lerd/internal/export/tsp/tsphttp"
	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/keys"
	"lerd/internal/keys/hsm"
)

// loadKeys reads what bundles are signed with: the operator's, or in an
// evaluation the demonstration's own hierarchy.
func loadKeys(cfg config, now func() time.Time) (jobs.Keys, error) {
	if cfg.development {
		return demoKeys(cfg, now)
	}
	signer, err := sealSigner(cfg.Seal)
	if err != nil {
		return jobs.Keys{}, err
	}
	chain := signer.Chain()
	k := jobs.Keys{Signer: signer, Roots: chain[len(chain)-1:], CRLs: func(context.Context) ([][]byte, error) { return readAll(cfg.Seal.CRLs) }}
	var authorities tsp.First
	for _, a := range cfg.TSA.authorities() {
		chain, err := cms.ReadCertsPEM(a.Chain)
		if err != nil {
			return jobs.Keys{}, err
		}
		root := chain[len(chain)-1:]
		authorities = append(authorities, &tsp.Client{Post: tsphttp.Post(a.URL, &http.Client{Timeout: 20 * time.Second}), Roots: root, Pool: chain,
			Rand: rand.Reader, Policies: a.Policies, Now: now})
		k.TSAChain, k.Roots = append(k.TSAChain, chain...), append(k.Roots[:len(k.Roots):len(k.Roots)], root...)
	}
	k.TSA = authorities
	k.OCSP, err = ocspClient(cfg.Seal.OCSP, now)
	return k, err
}

// ocspClient asks about certificates that no list covers; nil where it is not set up.
func ocspClient(c ocspConfig, now func() time.Time) (*ocsp.Client, error) {
	if !c.Use {
		return nil, nil
	}
	client, err := ocsphttp.Client(c.Proxy)
	return &ocsp.Client{Post: ocsphttp.Post(client), URL: c.URL, NeedNonce: c.NeedNonce, Rand: rand.Reader, Now: now}, err
}

// sealSigner opens the sealing key where the configuration says that it lies.
func sealSigner(c sealConfig) (cms.Signer, error) {
	if c.PKCS11.Module == "" {
		return cms.LoadFileSigner(c.Key, c.Chain, !c.AcceptFileKey)
	}
	key, err := hsm.Open(hsm.Config{Module: c.PKCS11.Module, Token: c.PKCS11.Token, PIN: c.PKCS11.PIN, Label: c.PKCS11.Label})
	if err != nil {
		return nil, err
	}
	chain, err := cms.ReadCertsPEM(c.Chain)
	if err != nil {
		return nil, err
	}
	return cms.NewSigner(key, chain)
}

func readAll(paths []string) (out [][]byte, err error) {
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// demoKeys loads or makes the demonstration's hierarchy, with a time-stamping
// authority inside the process.
func demoKeys(cfg config, now func() time.Time) (jobs.Keys, error) {
	dir := cfg.path("keys", "demo-pki")
	pki, err := demopki.Load(dir)
	if errors.Is(err, os.ErrNotExist) {
		if pki, err = demopki.New(demopki.Options{Organisation: cfg.Controller.Name, URL: cfg.PublicOrigin + "/.well-known/lerd", Now: now()}); err == nil {
			err = pki.Save(dir)
		}
	}
	if err != nil {
		return jobs.Keys{}, err
	}
	signer, err := pki.Signer()
	if err != nil {
		return jobs.Keys{}, err
	}
	stamper, err := pki.TSASigner()
	if err != nil {
		return jobs.Keys{}, err
	}
	return jobs.Keys{
		Signer: signer, TSA: &tsp.Authority{Signer: stamper, Now: now, Rand: rand.Reader}, TSAChain: stamper.Chain(),
		CRLs:  func(context.Context) ([][]byte, error) { return pki.CRLs(now()) },
		Roots: []*x509.Certificate{pki.Root.Cert, pki.TSARoot.Cert},
	}, nil
}

// publishKeys puts the keys in use on record, each once. A new seal beside a
// current one is announced, and seals nothing before "lerd keys rotate".
func (s *system) publishKeys(ctx context.Context) error {
	_, err := s.signing.Publish(identity.With(ctx, identity.SystemActor()), configuredKeys(s.keys, s.logVKey)...)
	return err
}

// configuredKeys describes what bundles are sealed, stamped and logged with.
func configuredKeys(k jobs.Keys, logVKey string) []keys.Key {
	out := []keys.Key{keys.FromChain(keys.Seal, k.Signer.Chain()), keys.FromVerifierKey(logVKey)}
	for i, c := range k.TSAChain {
		if !c.IsCA {
			out = append(out, keys.FromChain(keys.TimeStamp, upToRoot(k.TSAChain[i:])))
		}
	}
	return out
}

// upToRoot gives a chain up to the next authority's.
func upToRoot(chain []*x509.Certificate) []*x509.Certificate {
	for i := 1; i < len(chain); i++ {
		if !chain[i].IsCA {
			return chain[:i]
		}
	}
	return chain
}

// publisher gives the files below /.well-known/lerd/.
func (s *system) publisher(now func() time.Time) *keys.Publisher {
	return &keys.Publisher{Keys: s.store, Signer: s.keys.Signer, Roots: s.keys.Roots, CRLs: s.keys.CRLs, Now: now,
		Issuers: authoritiesOf(s.keys), Epoch: s.epoch, Reports: s.reportVKey}
}

// epoch gives in which epoch the log is.
func (s *system) epoch(ctx context.Context) (n int64, err error) {
	begun, err := s.store.Epochs(ctx)
	for n = 1; len(begun) > 0; begun = begun[1:] {
		n = begun[0].Number
	}
	return n, err
}

// authoritiesOf gives every certificate authority of all chains.
func authoritiesOf(k jobs.Keys) (out []*x509.Certificate) {
	for _, c := range append(append([]*x509.Certificate{}, k.Signer.Chain()...), k.TSAChain...) {
		if c.IsCA {
			out = append(out, c)
		}
	}
	return out
}
