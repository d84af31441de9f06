package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"lerd/internal/personal"
)

// TestWhatIsCopiedFromPaperStandsInOneLine prints the longest address that there is,
// an id with the mark of its copy and a time to the millisecond, which people copy from
// the letter, and the events and digests of custody, which they compare: none is broken over two lines, and no title of a column is.
func TestWhatIsCopiedFromPaperStandsInOneLine(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("NOT RUN: pdftotext is not installed")
	}
	d := newDesk(t)
	c := d.content(1, 1)
	addr := netip.MustParseAddr("2001:db8:1382:6b46:d45f:8f0e:9729:11b5")
	source := c.IPs
	c.IPs = func(yield func(IPRecord, error) bool) {
		for r, err := range source {
			r.Addr, r.EventType, r.RecordID = personal.NewAddr(addr), "session_refresh", "I000000001"
			r.SourcePort = 65535
			if !yield(r, err) {
				return
			}
		}
	}
	p, err := d.maker.Prepare(context.Background(), c)
	d.must(err)
	s, err := d.maker.Seal(context.Background(), d.sealRequest(p))
	d.must(err)
	inside := files(t, d.clear(s))
	for name, want := range map[string][]string{
		"letter.pdf":      {addr.String(), "I000000001-" + p.stage.Header.Copy.Mark, "session_refresh", "2026-01-02T03:04:05.077Z", "65535", "Subject", "Port"},
		"certificate.pdf": {"Rows", "Octets", "SHA-256", "No.", "Known by", eventID, c.Header.Custody[0].Event, hexOf(sha256.Sum256([]byte("records")))},
	} {
		cmd := exec.Command("pdftotext", "-layout", "-", "-")
		cmd.Stdin = bytes.NewReader(at(inside, name).b)
		text, err := cmd.Output()
		d.must(err)
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s breaks %q over two lines", name, w)
			}
		}
	}
}
