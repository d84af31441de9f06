package httprecords

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"lerd/internal/records/httprecords/reference"
)

// TestTheDescriptionIsTrue holds each row that the reference server sends
// against the published description, and sees that a member more or less would
// be noticed.
func TestTheDescriptionIsTrue(t *testing.T) {
	b, err := os.ReadFile("../../../docs/records-http.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	h := (&reference.Server{Source: engine{rows: 4}, Snapshot: "s"}).Handler()
	times := `"from":"2026-03-01T00:00:00Z","to":"2026-04-01T00:00:00Z"`
	for op, q := range map[string][2]string{"system": {"System", `{}`}, "resolve": {"Holding", `{"kind":"phone","value":"+447700900123",` + times + `}`},
		"summary": {"Summary", `{"account_id":7}`}, "phones": {"Phone", `{"account_id":7,` + times + `}`}, "sessions": {"Session", `{"account_id":7,` + times + `}`}} {
		schema, err := c.Compile("openapi.json#/components/schemas/" + q[0])
		if err != nil {
			t.Fatal(op, err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/"+op, strings.NewReader(q[1])))
		rows := 0
		for line := range strings.Lines(w.Body.String()) {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err != nil {
				t.Fatal(op, err)
			}
			row, ok := v.(map[string]any)["row"].(map[string]any)
			if !ok {
				continue
			}
			rows++
			if err := schema.Validate(row); err != nil {
				t.Errorf("%s: %v", op, err)
			}
			row["canary"] = "x"
			if schema.Validate(row) == nil {
				t.Errorf("%s: a member more is allowed", op)
			}
			delete(row, "canary")
			delete(row, "account_id")
			delete(row, "system_name")
			if schema.Validate(row) == nil {
				t.Errorf("%s: a member less is allowed", op)
			}
		}
		if rows == 0 {
			t.Errorf("%s: no rows in %s", op, w.Body)
		}
	}
}

func BenchmarkSessions(b *testing.B) {
	const row = `{"source_record_id":"ev:1","account_id":7,"event_type":"login","event_time":"2026-03-02T00:00:00Z","ip_address":"192.0.2.1","source_port":1,` +
		`"destination_ip":null,"destination_port":null,"transport":"tcp","session_id":"s","session_type":"web","first_seen":null,"last_seen":"2026-03-02T00:00:00Z","session_end":null,"is_shared":null}`
	b.ReportAllocs()
	for b.Loop() {
		if _, rule := session(json.RawMessage(row)); rule != "" {
			b.Fatal(rule)
		}
	}
}
