package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/testkit"
)

// TestPracticeTeaches sends four requests and lets the automatic staff answer:
// a good one arrives as a bundle, one that says too little is asked about, one
// that asks for too much is refused with its cure, and nothing leaves about an
// account in good standing.
func TestPracticeTeaches(t *testing.T) {
	s := newScenario(t)
	good := s.practise("P/1", func(in *requests.Submission) {})
	short := s.practise("P/2", func(in *requests.Submission) { in.Need = "Needed." })
	broad := s.practise("P/3", func(in *requests.Submission) {
		in.Targets[0].From = storyNow.AddDate(-1, -2, 0).Format("2006-01-02T15:04")
	})
	standing := s.practise("P/4", func(in *requests.Submission) { in.Targets[0].Identifier = sample.BystanderPhone })
	s.automatic()
	for id, want := range map[requests.ID]requests.State{good: requests.ExportedCase, short: requests.NeedsInformation, broad: requests.Refused, standing: requests.Refused} {
		if got := s.state(id); got != want && !(id == standing && got == requests.LegalConflict) {
			t.Errorf("order %s is %s, want %s", s.load(id).Request.Order.Number, got, want)
		}
	}
	if q := s.load(broad).Request; !strings.Contains(q.Reasons.Reveal(), "What would cure it") {
		t.Errorf("the refusal does not say what would cure it: %s", q.Reasons.Reveal())
	}
	asked := s.load(short).Messages
	if len(asked) != 1 || !strings.Contains(asked[0].Body.Reveal(), "tied to the offence") {
		t.Fatalf("the reviewer asked %v", asked)
	}
	s.must(s.cases.Reply(s.as("asha.rao"), short, "The seller gave this number to all eleven buyers."))
	s.automatic()
	if got := s.state(short); got != requests.ExportedCase {
		t.Errorf("after the answer the case is %s", got)
	}
}

// practise submits a request as an officer would, with a change.
func (s *scenario) practise(number string, change func(*requests.Submission)) requests.ID {
	s.t.Helper()
	ctx := s.as("asha.rao")
	doc, err := s.cases.Upload(ctx, "order.pdf", "application/pdf", strings.NewReader(string(s.order(number))))
	s.must(err)
	in := s.submission(doc.ID, number)
	in.Need = "To identify who sold the tickets from this number to eleven people."
	change(&in)
	q, err := s.send(ctx, in)
	s.must(err)
	return q.ID
}

// automatic lets the automatic staff and lerd's jobs work until nothing moves.
func (s *scenario) automatic() {
	s.t.Helper()
	staff := s.practiceStaff()
	for range 12 {
		n, err := staff.RunOnce(s.ctx)
		s.must(err)
		s.jobs()
		if n == 0 {
			return
		}
	}
	s.t.Fatal("the automatic staff never comes to rest")
}

// TestPracticeStandsApart tries to share each thing that a real system has.
func TestPracticeStandsApart(t *testing.T) {
	dir := t.TempDir()
	real := config{Dir: filepath.Join(dir, "real"), Listen: "127.0.0.1:8443", PublicOrigin: "https://portal.example", LogOrigin: "log.example/lerd"}
	mine := func() practiceCmd {
		return practiceCmd{Dir: filepath.Join(dir, "practice"), Listen: "127.0.0.1:8444", Origin: "https://practice.example"}
	}
	for name, tt := range map[string]struct {
		change func(*practiceCmd, *config)
		field  string
	}{
		"nothing":                {func(*practiceCmd, *config) {}, ""},
		"the folder":             {func(p *practiceCmd, c *config) { c.Dir = p.Dir }, "dir"},
		"a folder inside":        {func(p *practiceCmd, c *config) { c.Dir = filepath.Join(p.Dir, "x") }, "dir"},
		"a folder around":        {func(p *practiceCmd, c *config) { c.Dir = filepath.Dir(p.Dir) }, "dir"},
		"the address":            {func(p *practiceCmd, c *config) { c.Listen = p.Listen }, "listen"},
		"the host, another port": {func(p *practiceCmd, c *config) { c.PublicOrigin = p.Origin + ":8443" }, "origin"},
		"the log's name":         {func(p *practiceCmd, c *config) { c.LogOrigin = p.config().LogOrigin }, "log_origin"},
		"a database in it":       {func(p *practiceCmd, c *config) { c.DatabaseURL = "postgres://x@/db?host=" + p.Dir }, "database_url"},
	} {
		p, c := mine(), real
		tt.change(&p, &c)
		err := p.apartFrom(c)
		if got := fieldsOf(err); got != tt.field {
			t.Errorf("sharing %s: problems at %q, want %q", name, got, tt.field)
		}
	}
}

func fieldsOf(err error) string {
	var out []string
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Field)
	}
	return strings.Join(out, " ")
}

// TestPracticeFolders refuses every folder that is, or leads to, a real one,
// from both sides, and deletes nothing there.
func TestPracticeFolders(t *testing.T) {
	put := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	put(filepath.Join(dir, "real", "keys", "log.key"))
	put(filepath.Join(dir, "linked", practiceMarker))
	if err := os.Symlink(filepath.Join(dir, "real", "keys"), filepath.Join(dir, "linked", "keys")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "alias")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"real", "real/practice", "alias", "alias/practice", "linked"} {
		c := practiceCmd{Dir: filepath.Join(dir, path), Listen: "127.0.0.1:0"}
		if err := c.apart(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("practice starts in %s: %v", path, err)
		}
	}
	if err := wipePractice(filepath.Join(dir, "real")); err == nil || !exists(filepath.Join(dir, "real", "keys", "log.key")) {
		t.Errorf("a folder without the marker was wiped: %v", err)
	}
	c := practiceCmd{Dir: filepath.Join(dir, "new"), Listen: "127.0.0.1:0"}
	if err := c.apart(); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(dir, "new", "keys", "log.key"))
	for _, at := range []string{"new", "new/below"} {
		cfg := config{Dir: filepath.Join(dir, at), Listen: "127.0.0.1:1", PublicOrigin: "http://127.0.0.1:1", development: true}
		if got := fieldsOf(cfg.check()); !strings.Contains(got, "dir") {
			t.Errorf("a real system starts in the practice folder %s: problems at %q", at, got)
		}
	}
	if err := wipePractice(c.Dir); err != nil || exists(filepath.Join(c.Dir, "keys")) || !exists(filepath.Join(c.Dir, practiceMarker)) {
		t.Errorf("the practice folder was not emptied: %v", err)
	}
}

// TestPracticeTouchesNothingReal runs both systems on one machine, practises,
// and compares every row and file of the real one; it then looks for anything
// that both have.
func TestPracticeTouchesNothingReal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a PostgreSQL of its own")
	}
	s := newScenario(t)
	q := s.submit("IN/94/2026/17")
	s.verifyLog()
	files, events := digestsBelow(t, s.cfg.Dir), len(s.column("SELECT kind FROM audit.event"))
	p := startPractice(t)
	if p.sys.cfg.DatabaseURL == s.cfg.DatabaseURL || p.sys.cfg.AccountsURL == s.cfg.AccountsURL {
		t.Fatal("both work on one database")
	}
	p.walk(t)
	p.whole(t)
	s.verifyLog()
	if diff := cmp.Diff(files, digestsBelow(t, s.cfg.Dir)); diff != "" {
		t.Errorf("practice changed files of the real system:\n%s", diff)
	}
	if got := len(s.column("SELECT kind FROM audit.event")); got != events {
		t.Errorf("practice added %d events to the real log", got-events)
	}
	if got := s.state(q.ID); got != requests.Submitted {
		t.Errorf("the automatic staff took a real case to %s", got)
	}
	p.sharesNothing(t, files)
}

// digestsBelow gives the digest of every file of a folder.
func digestsBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() || strings.Contains(path, "/pg/") {
			return err
		}
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// runningPractice is a practice portal on a free port.
type runningPractice struct {
	sys  *system
	base string
	done chan error
}

func startPractice(t *testing.T) *runningPractice {
	t.Helper()
	dir := testkit.Folder(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := practiceCmd{Dir: filepath.Join(dir, "practice"), Listen: l.Addr().String(), Product: "Sample Messenger", Reset: time.Hour, Pace: 200 * time.Millisecond,
		Accounts: 300, Sessions: 3000, log: slog.New(slog.DiscardHandler)}
	if err := c.apart(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	db, sys, err := c.build(ctx, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	r := &runningPractice{sys: sys, base: sys.cfg.PublicOrigin, done: make(chan error, 1)}
	go func() { r.done <- c.serve(ctx, sys, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Errorf("practice ended with %v", err)
		}
		sys.close()
		_ = db.Close()
	})
	return r
}

// walk signs in as an invented officer, looks at the pages, and fetches the
// specimen order and the key.
func (r *runningPractice) walk(t *testing.T) {
	t.Helper()
	v := newVisitor(r.base)
	page, err := v.get(t.Context(), "/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	for _, staff := range sampleStaff {
		if strings.Contains(string(page.body), staff.name) {
			t.Errorf("practice offers to sign in as %s of the staff", staff.name)
		}
	}
	form, err := page.form("/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := form.set("user", "rita.lind").send(t.Context()); err == nil {
		t.Error("practice lets somebody in as staff")
	}
	if _, err := form.set("user", "luc.martin").send(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"/", "/practice", "/requests", "/requests/new", "/help/privacy"} {
		page, err := v.get(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"practice-strip", "Nothing here is real", "[PRACTICE]"} {
			if !strings.Contains(string(page.body), want) {
				t.Errorf("%s does not say %q", at, want)
			}
		}
	}
	for at, want := range map[string]string{"/practice/order": "%PDF-", "/practice/key": "PRIVATE KEY"} {
		page, err := v.get(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page.body), want) || !strings.Contains(page.header.Get("Content-Disposition"), "PRACTICE-") {
			t.Errorf("%s is sent as %q and begins %.20q", at, page.header.Get("Content-Disposition"), page.body)
		}
	}
}

// whole takes a request the whole way: sent by an officer through the pages,
// answered by the automatic staff, fetched and verified. What is in the bundle
// says that it is practice.
func (r *runningPractice) whole(t *testing.T) {
	t.Helper()
	d := &demo{demoCmd: demoCmd{Dir: r.sys.cfg.Dir}, out: io.Discard, cfg: r.sys.cfg, sys: r.sys, times: sample.StoryTimes(time.Now())}
	st := &story{}
	for _, act := range []func(context.Context, *story) error{d.submits, d.cosigns, d.downloads, d.opens} {
		if err := act(t.Context(), st); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	err := filepath.WalkDir(d.opened(st), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), practiceWords) {
			said = append(said, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(said) < 2 {
		t.Errorf("of the bundle's files only %v say that it is practice", said)
	}
}

// sharesNothing compares keys, names and database servers.
func (r *runningPractice) sharesNothing(t *testing.T, real map[string]string) {
	t.Helper()
	mine := digestsBelow(t, r.sys.cfg.Dir)
	if len(mine) < 5 {
		t.Fatalf("practice has only the files %v", mine)
	}
	for name, sum := range mine {
		for other, theirs := range real {
			if sum == theirs && sum != emptyDigest {
				t.Errorf("practice's %s is the real system's %s", name, other)
			}
		}
	}
	if !strings.HasPrefix(r.sys.cfg.LogOrigin, practiceLogPrefix) || !strings.Contains(r.sys.logVKey, practiceLogPrefix) {
		t.Errorf("the practice log is named %q", r.sys.logVKey)
	}
}

var emptyDigest = hex.EncodeToString(sha256.New().Sum(nil))

// TestSecurityContactIsAnAddress refuses what a security.txt cannot hold.
func TestSecurityContactIsAnAddress(t *testing.T) {
	for contact, good := range map[string]bool{"": true, "mailto:a@b.example": true, "https://b.example/report": true, "tel:+44-7700-900000": true,
		"a@b.example": false, "http://b.example": false, "mailto:a@b.example\nPolicy: x": false, "javascript:alert(1)": false} {
		c := config{Listen: "127.0.0.1:1", PublicOrigin: "http://127.0.0.1:1", development: true}
		c.Security.Contact = contact
		if got := !strings.Contains(fieldsOf(c.check()), "security.contact"); got != good {
			t.Errorf("contact %q taken = %v, want %v", contact, got, good)
		}
	}
}
