package verifycli

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"lerd/internal/audit"
	"lerd/internal/export/cms"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

// Bundle is the command that checks a bundle with no network, database or account.
type Bundle struct {
	File      string   `arg:"" help:"An .asice file, a folder that one was unzipped to, a release set (.zip or folder), or an encrypted one (.p7m)."`
	TrustRoot []string `name:"trust-root" type:"existingfile" placeholder:"PEM" help:"Root certificates to trust, of the seal and of the time-stamping authority. Repeat it, or put several into one file."`
	LogVKey   string   `name:"log-vkey" type:"existingfile" placeholder:"FILE" help:"Verifier key of the audit log, one a line."`
	CRL       []string `name:"crl" type:"existingfile" placeholder:"FILE" help:"Revocation lists newer than those in the bundle, DER or PEM."`
	Cert      string   `name:"cert" type:"existingfile" placeholder:"PEM" help:"Your certificate, for an encrypted file."`
	Key       string   `name:"key" type:"existingfile" placeholder:"PEM" help:"Your private key (PKCS#8), for an encrypted file."`
	Age       string   `name:"age-identity" type:"existingfile" placeholder:"FILE" help:"File with your age identity (AGE-SECRET-KEY-1…), for a file encrypted with age."`
	JSON      bool     `name:"json" help:"Print the report as JSON."`
	Witnesses
}

// Run prints the report, and ends with an error when the bundle does not hold.
func (c *Bundle) Run() error { return c.Check(context.Background(), os.Stdout) }

// Check is Run with its writer.
func (c *Bundle) Check(ctx context.Context, out io.Writer) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	report, err := verify.Verify(ctx, c.File, o)
	if err != nil {
		return err
	}
	if c.JSON {
		b, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(out, string(b))
	} else {
		report.Print(out)
	}
	if !report.OK {
		return fault.New(fault.Invalid, "The bundle does not verify.")
	}
	return nil
}

func (c *Bundle) options() (o verify.Options, err error) {
	o.Now = time.Now().UTC()
	for _, f := range c.TrustRoot {
		certs, err := cms.ReadCertsPEM(f)
		if err != nil {
			return o, fmt.Errorf("%s: %w", f, err)
		}
		o.Roots = append(o.Roots, certs...)
	}
	for _, f := range c.CRL {
		crl, err := readCRL(f)
		if err != nil {
			return o, fmt.Errorf("%s: %w", f, err)
		}
		o.CRLs = append(o.CRLs, crl)
	}
	if c.LogVKey != "" {
		if o.LogKeys, err = readLogKeys(c.LogVKey); err != nil {
			return o, err
		}
	}
	witnesses, err := c.Witnesses.Add(audit.Trust{})
	if err != nil {
		return o, err
	}
	o.Witnesses, o.Quorum = witnesses.Witnesses, witnesses.Quorum
	if c.Age != "" {
		if o.Identities, err = readIdentities(c.Age); err != nil {
			return o, err
		}
	}
	if (c.Cert == "") != (c.Key == "") {
		return o, fault.New(fault.Invalid, "Give your certificate with --cert and its private key with --key, both of them.")
	}
	if c.Cert != "" {
		if o.Cert, o.Key, err = readPair(c.Cert, c.Key); err != nil {
			return o, err
		}
	}
	return o, nil
}

// readLogKeys reads the lines of a file of verifier keys; another file named by mistake
// says nothing about the bundle.
func readLogKeys(file string) ([]string, error) {
	if _, err := ReadTrust(file); err != nil {
		return nil, fmt.Errorf("--log-vkey: %w", err)
	}
	b, err := os.ReadFile(file)
	return strings.Fields(string(b)), err
}

func readIdentities(file string) ([]age.Identity, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "%s must hold an age identity, a line that begins with AGE-SECRET-KEY-1.", file)
	}
	return ids, nil
}

func readPair(certFile, keyFile string) (*x509.Certificate, crypto.PrivateKey, error) {
	certs, err := cms.ReadCertsPEM(certFile)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", certFile, err)
	}
	key, err := cms.ReadKeyPEM(keyFile)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	if public, ok := certs[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return nil, nil, fault.New(fault.Invalid, "The private key in %s is not that of the certificate in %s.", keyFile, certFile)
	}
	return certs[0], key, nil
}

func readCRL(file string) (*x509.RevocationList, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	crl, err := x509.ParseRevocationList(b)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The file must hold a certificate revocation list, in DER or PEM.")
	}
	return crl, nil
}
