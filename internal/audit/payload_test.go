package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func goldenRecord(t testing.TB) (Record, Payload) {
	e, nonce, salt := goldenEvent()
	entry, err := e.Seal(nonce, salt)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseEntry(entry)
	if err != nil {
		t.Fatal(err)
	}
	return r, e.Payload(salt)
}

func TestPayloadFormHasNotChanged(t *testing.T) {
	_, p := goldenRecord(t)
	got, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","schema":"lerd/payload/v1","values":[` +
		`{"name":"reason","new":"T3JkZXIgMTIvMjAyNiBpcyB2YWxpZC4K"},{"name":"target","new":"KzQ5IDE1MSAwMDAwMDAw","old":""},` +
		`{"name":"gone","old":"eA=="},{"name":"never"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	back, err := ParsePayload(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOpening(t *testing.T) {
	r, p := goldenRecord(t)
	name := NewField("reason")
	field, value := FieldSalt(p.Salt, name), p.Values[0].New
	if err := VerifyOpening(r, name, value, field); err != nil {
		t.Fatal(err)
	}
	other := field
	other[31] ^= 1
	for what, err := range map[string]error{
		"wrong salt":           VerifyOpening(r, name, value, other),
		"the event's salt":     VerifyOpening(r, name, value, p.Salt),
		"another field's salt": VerifyOpening(r, name, value, FieldSalt(p.Salt, OldField("reason"))),
		"another value":        VerifyOpening(r, name, append([]byte("x"), value...), field),
		"another field":        VerifyOpening(r, NewField("target"), value, field),
		"no such field":        VerifyOpening(r, OldField("reason"), value, field),
		"empty is not absent":  VerifyOpening(r, NewField("never"), nil, FieldSalt(p.Salt, NewField("never"))),
	} {
		if err == nil {
			t.Errorf("%s: opened", what)
		} else if strings.Contains(err.Error(), "Order") {
			t.Errorf("%s: the error quotes the value: %v", what, err)
		}
	}
}

func TestPayloadMustFitItsEntry(t *testing.T) {
	for what, spoil := range map[string]func(*Payload){
		"salt":          func(p *Payload) { p.Salt[0] ^= 1 },
		"value changed": func(p *Payload) { p.Values[0].New = []byte("x") },
		"value missing": func(p *Payload) { p.Values = p.Values[1:] },
		"last missing":  func(p *Payload) { p.Values = p.Values[:3] },
		"new missing":   func(p *Payload) { p.Values[0].New = nil },
		"value added":   func(p *Payload) { p.Values = append(p.Values, Value{Name: "more"}) },
		"side missing":  func(p *Payload) { p.Values[1].Old = nil },
		"side added":    func(p *Payload) { p.Values[3].New = []byte{} },
		"renamed":       func(p *Payload) { p.Values[3].Name = "ever" },
	} {
		r, p := goldenRecord(t)
		if err := VerifyPayload(r, p); err != nil {
			t.Fatal(err)
		}
		spoil(&p)
		if err := VerifyPayload(r, p); err == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
}

func FuzzParsePayload(f *testing.F) {
	_, p := goldenRecord(f)
	b, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(strings.Replace(string(b), `"values":[`, `"values":null,"x":[`, 1)))
	f.Add([]byte(`{"salt":null,"schema":"lerd/payload/v1","values":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePayload(b)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || string(again) != string(b) {
			t.Fatalf("%q is read as %q (%v)", b, again, err)
		}
	})
}
