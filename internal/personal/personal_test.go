package personal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"lerd/internal/personal"
)

// TestNoWayOutButReveal prints each type by every route a careless line could
// take, alone and inside a struct, and looks for the planted value.
func TestNoWayOutButReveal(t *testing.T) {
	const phone, addr, text = "+999555012345", "203.0.113.77", "Zxcanary"
	type holder struct {
		P personal.Phone
		A personal.Addr
		T personal.Text
	}
	h := holder{personal.NewPhone(phone), personal.NewAddr(netip.MustParseAddr(addr)), personal.NewText(text)}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+verb+verb+"\n", h.P, h.A, h.T)
		fmt.Fprintf(&out, verb+"\n", &h)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "p", h.P, "a", h.A, "t", h.T, "h", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "p", h.P, "a", h.A, "t", h.T, "h", h)
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	for _, secret := range []string{phone, "999555012345", addr, text} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q came out without Reveal", secret)
		}
	}
	if h.P.Reveal() != phone || h.A.Reveal().String() != addr || h.T.Reveal() != text {
		t.Error("Reveal must give the value back")
	}
}

func TestTheHashJoinsLinesAndDependsOnTheKey(t *testing.T) {
	a, b := personal.NewPhone("+4915112345678"), personal.NewPhone("+4915112345678")
	if a.String() != b.String() {
		t.Error("the same number must give the same hash")
	}
	before := a.String()
	personal.SetKey([]byte("another key"))
	if a.String() == before {
		t.Error("another key must give another hash")
	}
}
