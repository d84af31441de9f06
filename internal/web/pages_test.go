package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"lerd/internal/transparency/publishing"
)

var unknownWord = regexp.MustCompile(`\[[a-z_]+\.[a-z0-9_.]+\]`)

// TestEveryPublicPageIsWhole opens each public page as everybody.
func TestEveryPublicPageIsWhole(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Development, c.DevSignIn, c.LogKey = true, devFake{users: []DevUser{{"ana", "Ana", "officer", ""}}}, "log.example.org+1+abc"
	})
	for _, r := range st.Routes() {
		if r.Method != http.MethodGet || !r.Public || strings.ContainsAny(r.Path, ":*") || strings.HasPrefix(r.Path, "/probe") {
			continue
		}
		w := st.do(call{path: r.Path})
		if w.Code != 200 {
			t.Errorf("%s = %d\n%s", r.Path, w.Code, st.log)
		}
		if m := unknownWord.FindString(w.Body.String()); m != "" {
			t.Errorf("%s shows a message without words: %s", r.Path, m)
		}
		if h := st.do(call{method: http.MethodHead, path: r.Path}); h.Code != 200 {
			t.Errorf("HEAD %s = %d", r.Path, h.Code)
		}
	}
}

// noReports is a platform that has published none yet.
type noReports struct{ Reports }

// Public gives none.
func (noReports) Public(context.Context) ([]publishing.Report, error) { return nil, nil }

// TestSearchEnginesFindTheReports: what is for everybody to read can be found, in use
// and not in an evaluation; nothing else is listed.
func TestSearchEnginesFindTheReports(t *testing.T) {
	for _, evaluation := range []bool{false, true} {
		st := newSite(t, func(c *Config) {
			c.Services.Reports = noReports{}
			if evaluation {
				c.Development, c.DevSignIn = true, devFake{}
			}
		})
		for path, listed := range map[string]bool{"/": true, "/transparency": true, "/sign-in": false, "/help/verify": false} {
			body := st.do(call{path: path}).Body.String()
			if got := !strings.Contains(body, "noindex"); got != (listed && !evaluation) {
				t.Errorf("evaluation %v, %s: search engines may list it: %v", evaluation, path, got)
			}
		}
		if robots := st.do(call{path: "/robots.txt"}).Body.String(); !strings.Contains(robots, "Allow: /transparency\n") {
			t.Errorf("robots.txt says %q", robots)
		}
	}
}

func TestLandingSaysWhatThereIs(t *testing.T) {
	body := newSite(t, nil).do(call{path: "/"}).Body.String()
	for _, want := range []string{"Phone number", "IP addresses", "Nothing else", "Emergency", "How to get access", `href="/help/verify"`, `href="/log/checkpoint"`, `lang="en"`, `dir="ltr"`, `href="#main"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the front page lacks %s", want)
		}
	}
}

func TestLogIsMountedForEverybody(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.LogTiles = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=5")
			_, _ = w.Write([]byte(r.URL.Path))
		})
	})
	w := st.do(call{path: "/log/tile/0/x001/234.p/5"})
	if w.Code != 200 || w.Body.String() != "/tile/0/x001/234.p/5" || w.Header().Get("Cache-Control") != "public, max-age=5" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := newSite(t, nil).do(call{path: "/log/checkpoint"}); w.Code != 404 {
		t.Errorf("no log is mounted, and /log/checkpoint = %d", w.Code)
	}
}

func TestTimesAreUTCAndLocal(t *testing.T) {
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	w := When{At: at.In(kolkata), Zone: kolkata}
	if w.UTC() != "1 Jul 2026, 22:30 UTC" || w.Local() != "2 Jul, 04:00 UTC+05:30" || w.Machine() != "2026-07-01T22:30:00Z" {
		t.Errorf("%s | %s | %s", w.UTC(), w.Local(), w.Machine())
	}
	if l := (When{At: at, Zone: time.UTC}).Local(); l != "" {
		t.Errorf("UTC beside UTC: %q", l)
	}
	if !(When{}).Never() {
		t.Error("the zero time is never")
	}
}

func TestDigestCopiesWithoutSpaces(t *testing.T) {
	body := devSite(t).do(call{path: "/style"}).Body.String()
	if !strings.Contains(body, `<span>9f86d081</span><span>884c7d65</span>`) {
		t.Error("a digest's groups must touch in the text")
	}
}
