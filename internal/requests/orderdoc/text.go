package orderdoc

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lerd/internal/fault"
)

// maxText is how many bytes of a document's text are taken.
const maxText = 1 << 20

// Text gives the text of a document as the program draws it, under the same
// limits as a page: for comparing and searching, never for showing. A document
// of scanned pages has none.
func (r *Renderer) Text(ctx context.Context, pdf []byte) (text string, err error) {
	defer fault.Wrap(&err, "orderdoc.Text")
	if _, err := CheckBytes(ctx, pdf, Upload{}, DefaultLimits()); err != nil {
		return "", err
	}
	name, path := r.name, r.path
	if name == "pdftoppm" { // its sister lies beside it
		if name, path = "pdftotext", filepath.Join(filepath.Dir(r.path), "pdftotext"); !there(path) {
			return "", fault.New(fault.Unavailable, "pdftotext is not installed on the server; it comes with poppler-utils.")
		}
	}
	select { // whose turn it is not waits as long as its caller does
	case r.sem <- struct{}{}:
		defer func() { <-r.sem }()
	case <-ctx.Done():
		return "", fault.Because(fault.Unavailable, ctx.Err(), "Too many pages are being drawn. Please try again.")
	}
	limited, cancel := context.WithTimeout(ctx, r.lim.wall)
	defer cancel()
	dir, err := os.MkdirTemp("", "lerd-text-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := r.prepare(dir, pdf); err != nil {
		return "", err
	}
	out, err := r.read(limited, job{pdf: pdf, dir: dir, isolated: canIsolate()}, name, path)
	if err != nil {
		return "", because(ctx, err, "The text of this document cannot be read.")
	}
	return strings.ToValidUTF8(string(out), ""), nil
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// read runs the program over the whole document.
func (r *Renderer) read(ctx context.Context, j job, name, path string) ([]byte, error) {
	if name == "mutool" {
		return r.command(ctx, j, maxText, path, "draw", "-q", "-F", "txt", "-o", "-", "in.pdf")
	}
	return r.command(ctx, j, maxText, path, "-enc", "UTF-8", "-", "-")
}

// dress gives a program its folder, its input, an empty environment and its
// confines.
func (r *Renderer) dress(cmd *exec.Cmd, j job, out *bounded) {
	cmd.Dir, cmd.Env = j.dir, []string{"LC_ALL=C", "HOME=" + j.dir, "PATH=/usr/bin:/bin"}
	if r.name == "pdftoppm" {
		cmd.Stdin = bytes.NewReader(j.pdf)
	}
	cmd.Stdout, cmd.Stderr = out, io.Discard
	cmd.WaitDelay = 2 * time.Second
	confine(cmd, j.isolated)
}
