package main

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// downloaded lets the officer fetch a case's bundle into a folder.
func (s *scenario) downloaded(id requests.ID) string {
	s.t.Helper()
	bundle, name, err := s.cases.Download(s.as("asha.rao"), id)
	s.must(err)
	path := filepath.Join(s.t.TempDir(), name)
	saveTo(s.t.(*testing.T), path, bundle)
	return path
}

// TestEveryAgencyGetsItsForm has a registrar choose the form of encryption, and
// opens the bundles with programs that are not lerd's.
func TestEveryAgencyGetsItsForm(t *testing.T) {
	s := newScenario(t)
	agency := identity.AgencyID(s.column("SELECT agency_id::text FROM person WHERE sign_in = 'asha.rao'")[0])
	operator := identity.With(s.ctx, identity.SystemActor())
	p := s.another()
	second := map[string]demopki.Entity{}
	var further []byte
	for name, curve := range map[string]elliptic.Curve{"rsa": nil, "p384": elliptic.P384()} {
		e, err := p.RecipientOn(demopki.Options{Organisation: "Second Desk", Now: s.clock.Now()}, curve)
		s.must(err)
		second[name] = e
		further = append(further, demopki.CertsPEM(e.Cert)...)
	}
	ageKey, err := age.GenerateX25519Identity()
	s.must(err)

	s.must(s.signing.SetDelivery(operator, identity.DeliveryForm{Agency: agency, Profile: identity.DeliverCBC, CertsPEM: further}))
	id := s.approved("IN/94/2026/501")
	s.jobs()
	file := s.downloaded(id)
	for name, e := range second {
		s.opens(t, file, name, e)
	}
	own, err := demopki.LoadEntity(s.cfg.path("agencies", "in"))
	s.must(err)
	s.opens(t, file, "own", own)

	s.must(s.signing.SetDelivery(operator, identity.DeliveryForm{Agency: agency, Profile: identity.DeliverAge, Age: []string{ageKey.Recipient().String()}, Version: 1}))
	id = s.approved("IN/94/2026/502")
	s.jobs()
	file = s.downloaded(id)
	if !strings.HasSuffix(file, ".zip.age") {
		t.Errorf("the file is called %s", filepath.Base(file))
	}
	identityFile := filepath.Join(t.TempDir(), "identity.txt")
	s.must(os.WriteFile(identityFile, []byte(ageKey.String()+"\n"), 0o600))
	s.verifyAge(file, identityFile)
	s.verifyLog()
}

// opens decrypts with openssl.
func (s *scenario) opens(t *testing.T, file, name string, e demopki.Entity) {
	t.Helper()
	dir := t.TempDir()
	s.must(e.Save(filepath.Join(dir, "me")))
	cmd := exec.Command("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", file, "-recip", "me.pem", "-inkey", "me.key", "-out", "set.zip")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "set.zip"))
	s.must(err)
	in, err := os.Open(file)
	s.must(err)
	defer in.Close()
	var ours bytes.Buffer
	if p, err := cms.DecryptFile(&ours, in, e.Cert, e.Key); err != nil || p != cms.CBC || !bytes.Equal(b, ours.Bytes()) {
		t.Errorf("%s: form %s, %v; the same as openssl's: %t", name, p, err, bytes.Equal(b, ours.Bytes()))
	}
}

func (s *scenario) verifyAge(file, identity string) {
	s.t.Helper()
	var roots []byte
	for _, name := range []string{"root", "tsa-root"} {
		b, err := os.ReadFile(s.cfg.path("keys", "demo-pki", name+".pem"))
		s.must(err)
		roots = append(roots, b...)
	}
	pem := filepath.Join(s.t.TempDir(), "roots.pem")
	s.must(os.WriteFile(pem, roots, 0o600))
	s.must((&bundleVerifyCmd{File: file, TrustRoot: []string{pem}, LogVKey: s.cfg.path("keys", "log.vkey"), Age: identity}).Run())
}

// TestFormsThatCannotBeUsed are refused at the field, and only a registrar sets any.
func TestFormsThatCannotBeUsed(t *testing.T) {
	s := newScenario(t)
	agency := identity.AgencyID(s.column("SELECT agency_id::text FROM person WHERE sign_in = 'asha.rao'")[0])
	ok := identity.DeliveryForm{Agency: agency, Profile: identity.DeliverCBC}
	for _, who := range []string{"asha.rao", "rita.lind", "anna.keller", "ines.moreau"} {
		if err := s.signing.SetDelivery(s.as(who), ok); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s may choose: %v", who, err)
		}
	}
	seal := demopki.CertsPEM(s.keys.Signer.Chain()[0])
	old, err := demopki.New(demopki.Options{Organisation: "Old", Now: storyNow.AddDate(-4, 0, 0)})
	s.must(err)
	expired, err := old.Recipient(demopki.Options{Organisation: "Old", Now: storyNow.AddDate(-4, 0, 0)}, false)
	s.must(err)
	registrar := s.as("nora.berg")
	for name, f := range map[string]identity.DeliveryForm{
		"no form":                {Agency: agency},
		"age without recipients": {Agency: agency, Profile: identity.DeliverAge},
		"age with rubbish":       {Agency: agency, Profile: identity.DeliverAge, Age: []string{"age1rubbish"}},
		"age and certificates":   {Agency: agency, Profile: identity.DeliverAge, Age: []string{"age1rubbish"}, CertsPEM: seal},
		"certificates and age":   {Agency: agency, Profile: identity.DeliverGCM, Age: []string{"age1rubbish"}},
		"a signing certificate":  {Agency: agency, Profile: identity.DeliverGCM, CertsPEM: seal},
		"an expired certificate": {Agency: agency, Profile: identity.DeliverGCM, CertsPEM: demopki.CertsPEM(expired.Cert)},
		"no certificate":         {Agency: agency, Profile: identity.DeliverGCM, CertsPEM: []byte("-----BEGIN")},
	} {
		if err := s.signing.SetDelivery(registrar, f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Keys of their own a registrar cannot bring, by the service or by hand.
	stranger, err := age.GenerateX25519Identity()
	s.must(err)
	brought := identity.DeliveryForm{Agency: agency, Profile: identity.DeliverAge, Age: []string{stranger.Recipient().String()}}
	if err := s.signing.SetDelivery(registrar, brought); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a registrar puts a key on file: %v", err)
	}
	for _, a := range s.attackers(t) {
		a.refused("a key of a registrar's", a.tryAs("registrar", "delivery:x", fmt.Sprintf(`INSERT INTO delivery_form (id, profile, certs_pem, age, version, event_id) VALUES ('%s', 'age', '', '%s', 1, $EVENT)`, agency, brought.Age[0])), "not put on file by one registrar")
	}
	s.must(s.signing.SetDelivery(registrar, ok))
	if err := s.signing.SetDelivery(registrar, ok); err == nil {
		t.Error("an older form went over a newer one")
	}
}
