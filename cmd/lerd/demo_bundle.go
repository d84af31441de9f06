package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/html"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/store/cluster"
)

// demoFile is DIR/demo.json: where everything of the demonstration lies.
type demoFile struct {
	Portal          string              `json:"portal"`
	Request         string              `json:"request"` // its page
	RequestRef      string              `json:"request_ref"`
	Bundle          string              `json:"bundle"`     // the opened container, as the agency has it
	BundleDir       string              `json:"bundle_dir"` // the same, unzipped
	ReleaseSet      string              `json:"release_set"`
	BundleEncrypted string              `json:"bundle_encrypted"`
	RecipientKey    string              `json:"recipient_key"`
	RecipientCert   string              `json:"recipient_cert"`
	TrustRoot       string              `json:"trust_root"`
	LogDir          string              `json:"log_dir"`
	LogVKey         string              `json:"log_vkey"`
	DatabaseURL     string              `json:"database_url"`     // of the owner, who is superuser of the private cluster
	AppDatabaseURL  string              `json:"app_database_url"` // of the application's role
	AuditorURL      string              `json:"auditor_database_url"`
	Users           map[string]demoUser `json:"users"` // per role
}

// demoUser says how to sign in: choose the name on the page, or post it there.
type demoUser struct {
	Name   string `json:"name"`
	SignIn string `json:"sign_in"` // value of the field "user"
	URL    string `json:"url"`     // the form; its hidden idempotency_key goes with it
}

func first(n *html.Node, tag string) *html.Node {
	var found *html.Node
	walk(n, func(n *html.Node) {
		if found == nil && n.Type == html.ElementNode && n.Data == tag {
			found = n
		}
	})
	return found
}

// downloads: the officer fetches the encrypted bundle and acknowledges it.
func (d *demo) downloads(ctx context.Context, st *story) error {
	d.say("lerd signs, stamps and encrypts; officer Asha Rao downloads the bundle and acknowledges it")
	officer, err := d.as(ctx, "asha.rao")
	if err != nil {
		return err
	}
	at := "/requests/" + st.id
	page, err := d.await(ctx, officer, at, func(p *webPage) bool { _, err := p.form("/bundle"); return err == nil })
	if err != nil {
		return err
	}
	form, err := page.form("/bundle")
	if err != nil {
		return err
	}
	bundle, err := form.send(ctx)
	if err != nil {
		return err
	}
	c, err := d.caseOf(ctx, st)
	if err != nil {
		return err
	}
	st.encrypted = filepath.Join(d.Dir, "agency", c.Release.Ref+".zip.p7m")
	if err := os.MkdirAll(filepath.Dir(st.encrypted), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(st.encrypted, bundle.body, 0o600); err != nil {
		return err
	}
	if _, err := d.press(ctx, officer, at, "/acknowledge"); err != nil {
		return err
	}
	d.note("%s, %d bytes, for the agency's key alone", filepath.Base(st.encrypted), len(bundle.body))
	return nil
}

// caseOf reads the case as lerd itself.
func (d *demo) caseOf(ctx context.Context, st *story) (requests.Case, error) {
	return d.sys.store.Case(identity.With(ctx, identity.SystemActor()), requests.ID(st.id))
}

// opens: the agency decrypts with its own key and verifies, offline.
func (d *demo) opens(ctx context.Context, st *story) error {
	d.say("The agency opens the bundle with its own key and verifies it, offline")
	set, err := d.decrypt(st)
	if err != nil {
		return err
	}
	if err := unzipTo(filepath.Join(d.Dir, "agency", "set"), set); err != nil {
		return err
	}
	if err := d.fetchProof(ctx, st); err != nil {
		return err
	}
	container, err := os.ReadFile(d.container(st))
	if err != nil {
		return err
	}
	if err := unzipTo(d.opened(st), container); err != nil {
		return err
	}
	verify := &bundleVerifyCmd{File: d.container(st), TrustRoot: []string{d.roots()}, LogVKey: d.cfg.path("keys", "log.vkey")}
	if err := verify.Run(); err != nil {
		return err
	}
	return d.openssl(ctx, st)
}

// fetchProof puts the proof of release beside the container.
func (d *demo) fetchProof(ctx context.Context, st *story) error {
	officer, err := d.as(ctx, "asha.rao")
	if err != nil {
		return err
	}
	page, err := d.await(ctx, officer, "/requests/"+st.id+"/proof", func(p *webPage) bool { return p.status == 200 })
	if err != nil {
		return err
	}
	return addTo(filepath.Join(d.Dir, "agency", "set"), page.body)
}

func (d *demo) container(st *story) string {
	return filepath.Join(d.Dir, "agency", "set", strings.TrimSuffix(filepath.Base(st.encrypted), ".zip.p7m")+".asice")
}

func (d *demo) opened(st *story) string {
	return filepath.Join(d.Dir, "agency", strings.TrimSuffix(filepath.Base(st.encrypted), ".zip.p7m"))
}

func (d *demo) roots() string { return filepath.Join(d.Dir, "agency", "roots.pem") }

// decrypt opens the bundle with the agency's key, and keeps beside it the roots
// that the agency got when it was registered.
func (d *demo) decrypt(st *story) ([]byte, error) {
	var roots []byte
	for _, name := range []string{"root.pem", "tsa-root.pem"} {
		b, err := os.ReadFile(d.cfg.path("keys", "demo-pki", name))
		if err != nil {
			return nil, err
		}
		roots = append(roots, b...)
	}
	if err := os.WriteFile(d.roots(), roots, 0o644); err != nil {
		return nil, err
	}
	key, err := cms.ReadKeyPEM(d.cfg.path("agencies", "in.key"))
	if err != nil {
		return nil, err
	}
	certs, err := cms.ReadCertsPEM(d.cfg.path("agencies", "in.pem"))
	if err != nil {
		return nil, err
	}
	in, err := os.Open(st.encrypted)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var out bytes.Buffer
	if _, err := cms.DecryptFile(&out, in, certs[0], key); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unzipTo unpacks a zip of our own making into a folder of its own.
func unzipTo(dir string, b []byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return addTo(dir, b)
}

// addTo unpacks a zip of our own making into a folder.
func addTo(dir string, b []byte) error {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if !filepath.IsLocal(f.Name) {
			return fault.New(fault.Invalid, "The archive names a file outside itself.")
		}
		if err := unzipOne(filepath.Join(dir, filepath.FromSlash(f.Name)), f); err != nil {
			return err
		}
	}
	return nil
}

func unzipOne(path string, f *zip.File) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// openssl lets a program that is not lerd's check the same signature, where it
// is installed.
func (d *demo) openssl(ctx context.Context, st *story) error {
	if _, err := exec.LookPath("openssl"); err != nil {
		d.note("openssl is not installed; with it the commands in VERIFY.txt check the same")
		return nil
	}
	cmd := exec.CommandContext(ctx, "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "META-INF/signature001.p7s",
		"-content", "META-INF/ASiCManifest001.xml", "-CAfile", d.roots(), "-out", os.DevNull)
	cmd.Dir = d.opened(st)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("openssl cms -verify -cades: %w\n%s", err, out)
	}
	d.note("openssl cms -verify -cades: successful")
	return nil
}

// replays: the auditor reads the case's trail, and the log is recomputed.
func (d *demo) replays(ctx context.Context, st *story) error {
	d.say("Auditor Ines Moreau reads every step of the case, and the log is recomputed and replayed over the tables")
	auditor, err := d.as(ctx, "ines.moreau")
	if err != nil {
		return err
	}
	page, err := auditor.get(ctx, "/audit/cases/"+st.id)
	if err != nil {
		return err
	}
	d.note("%d events on this case, looks included", len(page.links("/audit/events/")))
	if err := d.settle(ctx); err != nil {
		return err
	}
	return auditVerifyCmd{auditSource: auditSource{Dir: d.Dir}, Quiet: true}.run(ctx, d.out, io.Discard)
}

// settle waits until every event has its place under a signed checkpoint.
func (d *demo) settle(ctx context.Context) error {
	for range 100 {
		r, err := d.sys.sequencer.RunOnce(ctx)
		if err != nil || !r.Idle && r.Placed == 0 {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fault.New(fault.Unavailable, "The log did not come to rest; see lerd.log in the data folder.")
}

// exports: the log as static files, for tools that are not lerd's.
func (d *demo) exports(ctx context.Context, _ *story) error {
	d.say("The log is exported as static files that any tlog-tiles tool verifies")
	return auditExportCmd{auditSource: auditSource{Dir: d.Dir}, Out: filepath.Join(d.Dir, "log"), Quiet: true}.run(ctx, d.out, io.Discard)
}

// report writes demo.json.
func (d *demo) report(ctx context.Context, st *story) error {
	abs := func(p string) string {
		a, err := filepath.Abs(p)
		if err != nil {
			return p
		}
		return a
	}
	f := demoFile{
		Portal: d.cfg.PublicOrigin, Request: d.cfg.PublicOrigin + "/requests/" + st.id, RequestRef: st.ref,
		Bundle: abs(d.container(st)), BundleDir: abs(d.opened(st)), ReleaseSet: abs(filepath.Join(d.Dir, "agency", "set")), BundleEncrypted: abs(st.encrypted),
		RecipientKey: abs(d.cfg.path("agencies", "in.key")), RecipientCert: abs(d.cfg.path("agencies", "in.pem")), TrustRoot: abs(d.roots()),
		LogDir: abs(filepath.Join(d.Dir, "log")), LogVKey: abs(d.cfg.path("keys", "log.vkey")),
		DatabaseURL: d.db.URL(cluster.RoleOwner, cluster.MainDatabase), AppDatabaseURL: d.db.URL(cluster.RoleApp, cluster.MainDatabase),
		AuditorURL: d.db.URL(cluster.RoleAuditor, cluster.MainDatabase), Users: map[string]demoUser{},
	}
	for _, a := range sampleAgencies {
		for _, p := range a.people {
			f.add(p, d.cfg.PublicOrigin)
		}
	}
	for _, p := range sampleStaff {
		f.add(p, d.cfg.PublicOrigin)
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(d.Dir, "demo.json")
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return err
	}
	d.say("Everything is where %s says", path)
	me := calledAs(os.Args[0])
	d.note("look at the data:   %s db start --dir %s; psql \"$(%s db url --dir %s --role owner)\"", me, d.Dir, me, d.Dir)
	d.note("verify the log:     %s audit verify --dir %s", me, d.Dir)
	d.note("verify the bundle:  %s bundle verify %s --cert %s --key %s --trust-root %s --log-vkey %s", me, f.BundleEncrypted, f.RecipientCert, f.RecipientKey, f.TrustRoot, f.LogVKey)
	d.note("click through it:   %s demo --serve --no-story --dir %s", me, d.Dir)
	return nil
}

// calledAs is what a person types to start this program again: go run leaves none behind.
func calledAs(program string) string {
	if strings.Contains(program, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/lerd"
	}
	return program
}

// add names the first of the cast who holds a role.
func (f *demoFile) add(p samplePerson, origin string) {
	if _, ok := f.Users[string(p.role)]; !ok {
		f.Users[string(p.role)] = demoUser{p.name, p.signIn, origin + "/sign-in"}
	}
}
