package web

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

// TestOneEventPerRequestWithoutPersonalData plants canaries wherever a client
// can put text.
func TestOneEventPerRequestWithoutPersonalData(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Extra = append(c.Extra, Route{Method: "GET", Path: "/noted", Name: "noted", Public: true, Handle: func(c *Ctx) error {
			c.LogAttr(slog.Int("targets", 3))
			return c.String(200, "ok")
		}})
	})
	const canary = "Zxcanary"
	head := map[string]string{"User-Agent": canary, "Referer": "http://x/" + canary, "X-Forwarded-For": canary, "X-Request-Id": canary, "Accept-Language": canary}
	st.do(call{path: "/probe/mine/" + canary + "?q=" + canary, token: "tok-officer", header: head})
	st.do(call{path: "/" + canary, token: canary, header: head})
	st.do(call{method: "Z" + strings.ToUpper(canary), path: "/", header: head})
	st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", form: formOf("reference", canary, "mail", canary), header: head})
	st.do(call{path: "/noted"})
	lines := strings.Split(strings.TrimSpace(st.log.String()), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d events for 5 requests:\n%s", len(lines), st.log)
	}
	if log := st.log.String(); strings.Contains(strings.ToLower(log), "zxcanary") || strings.Contains(log, "Ana Novak") || strings.Contains(log, "192.0.2.1") || strings.Contains(log, "tok-officer") {
		t.Errorf("the log says too much:\n%s", log)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &e); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"msg": "request", "route": "/probe/mine/:id", "method": "GET", "status": 404.0, "role": "officer", "session": "s1", "rule": "rule-read", "fault": "not_found"} {
		if e[key] != want {
			t.Errorf("%s = %v, want %v", key, e[key], want)
		}
	}
	if e["request_id"] == nil || e["ms"] == nil || e["bytes"] == nil {
		t.Errorf("the event is not whole: %v", e)
	}
	if !strings.Contains(lines[4], `"targets":3`) {
		t.Errorf("a handler's attribute is missing: %s", lines[4])
	}
}

func TestReadiness(t *testing.T) {
	var down error
	st := newSite(t, func(c *Config) {
		c.Ready = []Check{{Name: "database", Ping: func(ctx ctxT) error { return down }}}
	})
	if w := st.do(call{path: "/readyz"}); w.Code != 200 || w.Body.String() != "database: ok\nready\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	down = errSecret
	if w := st.do(call{path: "/readyz"}); w.Code != 503 || w.Body.String() != "database: not ready\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if !strings.Contains(st.log.String(), "hunter2") {
		t.Error("the cause belongs into the log")
	}
}
