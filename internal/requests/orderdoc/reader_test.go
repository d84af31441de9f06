package orderdoc

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lerd/internal/testkit/pdfs"
)

// paperOf is a document of one line.
func paperOf(line string) []byte {
	return pdfs.NewWith("BT /F1 12 Tf 40 700 Td (" + line + ") Tj ET").Bytes()
}

// counted is a reader that counts the processes it starts.
func counted(t *testing.T) (*Reader, *atomic.Int64) {
	t.Helper()
	plain, err := FindRenderer()
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	plain.used = func(*os.ProcessState) { n.Add(1) }
	return NewReader(plain), &n
}

// TestATextIsReadOnce: whoever asks, at once or later, gets what the renderer gives,
// and one process read it.
func TestATextIsReadOnce(t *testing.T) {
	r, started := counted(t)
	order := paperOf("Order 7 Gs 123/26")
	want, err := r.Renderer.Text(t.Context(), order)
	if err != nil || !strings.Contains(want, "7 Gs 123/26") {
		t.Fatalf("%q, %v", want, err)
	}
	before := started.Load()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 3 {
				if got, err := r.Text(t.Context(), order); err != nil || got != want {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	all.Wait()
	if n := started.Load() - before; n != 1 || r.Times() != 1 {
		t.Errorf("%d processes for 24 readings, counted as %d", n, r.Times())
	}
	if got, err := r.Text(t.Context(), paperOf("Order 8 Gs 1/26")); err != nil || !strings.Contains(got, "8 Gs 1/26") {
		t.Errorf("another order says %q, %v", got, err)
	}
}

// TestAFailedReadingIsTriedAnew, also by those who waited for it.
func TestAFailedReadingIsTriedAnew(t *testing.T) {
	r, _ := counted(t)
	order := paperOf("Order 9 Gs 1/26")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Text(gone, order); err == nil {
		t.Error("read without time")
	}
	for range 2 {
		if _, err := r.Text(t.Context(), []byte("no PDF")); err == nil {
			t.Error("what is no document was read")
		}
	}
	if got, err := r.Text(t.Context(), order); err != nil || !strings.Contains(got, "9 Gs 1/26") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestKeptTextsAreBounded, and one that went is read again.
func TestKeptTextsAreBounded(t *testing.T) {
	r, _ := counted(t)
	for n := range keptTexts + 3 {
		if _, err := r.Text(t.Context(), paperOf(fmt.Sprintf("Order %d", n))); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.texts) != keptTexts || len(r.order) != keptTexts {
		t.Errorf("%d texts are kept, %d in order", len(r.texts), len(r.order))
	}
	before := r.Times()
	if got, err := r.Text(t.Context(), paperOf("Order 0")); err != nil || !strings.Contains(got, "Order 0") || r.Times() != before+1 {
		t.Errorf("%q, %v, read %d times", got, err, r.Times()-before)
	}
}
