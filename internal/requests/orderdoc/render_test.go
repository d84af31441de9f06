package orderdoc

import (
	"bytes"
	"context"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/testkit/hostilepdf"
)

// renderers gives those that are installed; at least one must be.
func renderers(t *testing.T) []*Renderer {
	t.Helper()
	var out []*Renderer
	for _, name := range []string{"pdftoppm", "mutool"} {
		if path, err := exec.LookPath(name); err == nil {
			out = append(out, NewRenderer(name, path))
		}
	}
	if len(out) == 0 {
		t.Fatal("this test needs pdftoppm (poppler-utils) or mutool (mupdf-tools)")
	}
	return out
}

func TestPageIsDrawn(t *testing.T) {
	for _, r := range renderers(t) {
		pic, err := r.Page(t.Context(), hostilepdf.Plain(), 1)
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		img, err := png.Decode(bytes.NewReader(pic.PNG))
		if err != nil || img.Bounds().Dx() != pic.Width || pic.Height != pixelsOnLongSide {
			t.Errorf("%s: %d × %d, %v", r.name, pic.Width, pic.Height, err)
		}
		dark := 0
		for y := range pic.Height {
			for x := range pic.Width {
				if c, _, _, _ := img.At(x, y).RGBA(); c < 0x8000 {
					dark++
				}
			}
		}
		if dark < 100 {
			t.Errorf("%s: %d dark pixels: the text was not drawn", r.name, dark)
		}
		for _, page := range []int{-1, 0, 2} {
			if _, err := r.Page(t.Context(), hostilepdf.Plain(), page); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: page %d: %v", r.name, page, err)
			}
		}
		if _, err := r.Page(t.Context(), []byte("not a PDF"), 1); CodeOf(err) != "not_pdf" {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

// The renderer has bounds of its own, for what the intake cannot foresee.
func TestHostileFilesAreDrawnOrRefused(t *testing.T) {
	r := renderers(t)[0]
	for i, h := range hostilepdf.All() {
		big := h.Name == "deflate bomb" || h.Code == "image_size" || h.Code == "page_size"
		if i%30 != 0 && !big {
			continue // a process each: a sample is enough, and what is large when drawn
		}
		if _, err := r.Page(t.Context(), h.PDF, 1); CodeOf(err) != h.Code {
			t.Errorf("%s: not refused before it is drawn: %v", h.Name, err)
		}
		if out, _, err := r.run(t.Context(), h.PDF, 1); err == nil && len(out) > 0 {
			if _, err := pixels(out); err != nil {
				t.Errorf("%s: neither drawn nor refused: %v", h.Name, err)
			}
		}
	}
}

// script stands in for a renderer that misbehaves.
func script(t *testing.T, body string) *Renderer {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		os.Chmod(d, 0o755) // root's renderer is another account
	}
	path := filepath.Join(dir, "renderer")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return NewRenderer("pdftoppm", path)
}

func TestMisbehavingRenderer(t *testing.T) {
	// each of these is a fault of the file, never of the server
	for name, body := range map[string]string{
		"no picture":      "echo hello",
		"endless output":  "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done | head -c 50000000",
		"writes a file":   "echo x > $HOME/f && cat $HOME/f; exit 0",
		"fails":           "exit 3",
		"huge dimensions": `printf '\211PNG\r\n\032\n\000\000\000\015IHDR\000\377\377\377\000\377\377\377\010\002\000\000\000'`,
	} {
		if _, err := script(t, body).Page(t.Context(), hostilepdf.Plain(), 1); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever asked for a page and went away gets no word against the page.
func TestADrawingThatIsBrokenOffIsNoFaultOfTheFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := script(t, "sleep 5").Page(ctx, hostilepdf.Plain(), 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("broken off: %v", err)
	}
}

// Pixels alone pass: what follows the picture or hides in its text chunks does not.
func TestPictureIsEncodedAnew(t *testing.T) {
	pic, err := renderers(t)[0].Page(t.Context(), hostilepdf.Plain(), 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pixels(append(bytes.Clone(pic.PNG), "<script>alert(1)</script>"...))
	if err != nil || bytes.Contains(again.PNG, []byte("script")) {
		t.Errorf("%v", err)
	}
}

// Where the system permits namespaces, the renderer reaches no listener of
// this machine and has no rights.
func TestRendererIsIsolated(t *testing.T) {
	if !canIsolate() {
		t.Log("this system permits no namespaces: the renderer has limits but a network")
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	reach := "bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + port + "' 2>/dev/null && echo reached; id -u; exit 0"
	if out, err := exec.Command("/bin/sh", "-c", reach).Output(); err != nil || !strings.Contains(string(out), "reached") {
		t.Fatalf("the listener cannot be reached from here either: %q %v", out, err)
	}
	out, isolated, err := script(t, reach).run(t.Context(), hostilepdf.Plain(), 1)
	if err != nil || !isolated {
		t.Fatal(err, isolated)
	}
	if s := string(out); s != "65534\n" {
		t.Errorf("renderer: %q", s)
	}
}

func TestNoRenderer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := FindRenderer()
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.Message(err), "poppler-utils") {
		t.Errorf("%v", err)
	}
}
