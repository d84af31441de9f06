package orderdoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"lerd/internal/fault"
)

// Bounds of drawing one page.
const (
	pixelsOnLongSide = 1600
	maxPNG           = 32 << 20 // bytes that the renderer may write
)

// limits bound one process of the renderer.
type limits struct {
	memory uint64        // octets of address space
	cpu    uint64        // seconds of processor time
	wall   time.Duration // and of time in all
}

// MostSeconds is the processor time that a page, or the text of a document, may take
// at most, and takes where nothing less was chosen.
const MostSeconds = 10

// standardLimits hold for one page, or the text of one document.
var standardLimits = limits{memory: 1 << 30, cpu: MostSeconds, wall: 2 * MostSeconds * time.Second}

// Picture is a page as pixels.
type Picture struct {
	PNG           []byte // encoded by this process: no metadata, no second file
	Width, Height int
	Isolated      bool // drawn in namespaces of its own, without a network
	Caged         bool // drawn where no other file, call or port is in reach
}

// Renderer draws pages with an external program, one process a page.
type Renderer struct {
	name string // pdftoppm or mutool
	path string
	sem  chan struct{}
	lim  limits
	used func(*os.ProcessState) // of tests: what a process took
}

var noRenderer = fault.New(fault.Unavailable, "No program to draw PDF pages is installed on the server. Install poppler-utils (pdftoppm) or mupdf-tools (mutool).")

// FindRenderer looks for pdftoppm, then mutool. Without one it gives
// fault.Unavailable, which says what to install.
func FindRenderer() (*Renderer, error) {
	for _, name := range []string{"pdftoppm", "mutool"} {
		if path, err := exec.LookPath(name); err == nil {
			return NewRenderer(name, path), nil
		}
	}
	return nil, noRenderer
}

// NewRenderer uses the program at path; name is pdftoppm or mutool. At most
// two pages are drawn at once.
func NewRenderer(name, path string) *Renderer {
	return &Renderer{name: name, path: path, sem: make(chan struct{}, 2), lim: standardLimits}
}

// Within gives a renderer that takes so many seconds of processor time at most, from 1
// to MostSeconds, and twice as long in all.
func (r *Renderer) Within(seconds int) *Renderer {
	within := *r
	within.lim.cpu, within.lim.wall = uint64(seconds), 2*time.Duration(seconds)*time.Second
	return &within
}

// Page draws one page, from 1. The program runs with limits on memory, time
// and output, with an empty environment, and where the system permits it with
// namespaces of its own (no network, no other processes). What it writes is
// decoded and encoded anew: pixels alone pass.
func (r *Renderer) Page(ctx context.Context, pdf []byte, page int) (pic Picture, err error) {
	defer fault.Wrap(&err, "orderdoc.Page(%d)", page)
	// Only what the intake accepts is drawn, and only a page that it counted:
	// mutool draws the last page where a later one is asked for.
	doc, err := CheckBytes(ctx, pdf, Upload{}, DefaultLimits())
	if err != nil {
		return Picture{}, err
	}
	if page < 1 || page > doc.Pages {
		return Picture{}, fault.New(fault.NotFound, "There is no such page.")
	}
	select { // whose turn it is not waits as long as its caller does
	case r.sem <- struct{}{}:
		defer func() { <-r.sem }()
	case <-ctx.Done():
		return Picture{}, fault.Because(fault.Unavailable, ctx.Err(), "Too many pages are being drawn. Please try again.")
	}
	limited, cancel := context.WithTimeout(ctx, r.lim.wall)
	defer cancel()
	out, isolated, err := r.run(limited, pdf, page)
	if err != nil {
		return Picture{}, because(ctx, err, "This page cannot be drawn. Ask the agency for another copy of the order.")
	}
	pic, err = pixels(out)
	_, pic.Caged = caged("", r.lim, r.path)
	pic.Isolated = isolated
	return pic, err
}

// because blames the document, unless whoever asked has gone: that says nothing of
// it.
func because(asked context.Context, err error, said string) error {
	if asked.Err() != nil {
		return fault.Because(fault.Unavailable, asked.Err(), "Reading the document was stopped, because whoever asked for it has gone.")
	}
	var exit *exec.ExitError // what did not even run says nothing of the document either
	if !errors.As(err, &exit) && !errors.Is(err, io.ErrShortBuffer) && !errors.Is(err, context.DeadlineExceeded) {
		return fault.Because(fault.Unavailable, err, "The renderer could not be started. Please try again.")
	}
	if overLimit(err) {
		return fault.Because(fault.Invalid, fmt.Errorf("%w: %w", &Refusal{"drawing_cost"}, err), "Drawing this document takes more time or room than it may. Ask the agency for a simpler copy: the order printed to PDF anew, or scanned.")
	}
	return fault.Because(fault.Invalid, err, "%s", said)
}

// overLimit tells of a renderer that was ended because it took too long, or because
// it wrote too much. What ran out of memory ends itself, in ways of its own.
func overLimit(err error) bool {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ProcessState != nil {
		how := exit.ProcessState.String() // portable, which signals are not
		if strings.HasPrefix(how, "signal: killed") || strings.HasPrefix(how, "signal: CPU time limit exceeded") {
			return true
		}
	}
	return errors.Is(err, io.ErrShortBuffer) || errors.Is(err, context.DeadlineExceeded)
}

// run draws in the strictest way that the system permits.
func (r *Renderer) run(ctx context.Context, pdf []byte, page int) (out []byte, isolated bool, err error) {
	dir, err := os.MkdirTemp("", "lerd-page-")
	if err != nil {
		return nil, false, err
	}
	defer os.RemoveAll(dir)
	if err := r.prepare(dir, pdf); err != nil {
		return nil, false, err
	}
	isolated = canIsolate()
	out, err = r.once(ctx, job{pdf: pdf, page: page, dir: dir, isolated: isolated})
	return out, isolated, err
}

// prepare gives the renderer its folder, and its input where it seeks in it.
func (r *Renderer) prepare(dir string, pdf []byte) error {
	if err := handOver(dir); err != nil || r.name != "mutool" {
		return err
	}
	if err := os.WriteFile(dir+"/in.pdf", pdf, 0o600); err != nil {
		return err
	}
	return handOver(dir + "/in.pdf")
}

type job struct {
	pdf      []byte
	page     int
	dir      string
	isolated bool
}

func (r *Renderer) once(ctx context.Context, j job) ([]byte, error) {
	return r.command(ctx, j, maxPNG, r.path, r.args(j.page)...)
}

// command runs a program in a cage, and gives what it wrote.
func (r *Renderer) command(ctx context.Context, j job, most int, path string, args ...string) ([]byte, error) {
	made, ok := caged(j.dir, r.lim, path, args...)
	if !ok {
		made = shelled(r.lim, path, args...)
	}
	cmd := exec.CommandContext(ctx, made.Path)
	cmd.Args = made.Args
	out := &bounded{max: most}
	r.dress(cmd, j, out)
	err := cmd.Run()
	if r.used != nil && cmd.ProcessState != nil {
		r.used(cmd.ProcessState)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out.buf.Bytes(), nil
}

const shell = "/bin/sh"

// shelled gives a shell that sets limits and becomes the program: memory, time,
// no files written, no core.
func shelled(l limits, path string, args ...string) *exec.Cmd {
	set := fmt.Sprintf("ulimit -v %[1]d -t %[2]d 2>/dev/null || { ulimit -v %[1]d; ulimit -t %[2]d; } && ulimit -c 0 && ulimit -f 0 && exec \"$@\"", l.memory>>10, l.cpu)
	return &exec.Cmd{Path: shell, Args: append([]string{"sh", "-c", set, "sh", path}, args...)}
}

// args are those of drawing one page.
func (r *Renderer) args(page int) []string {
	n, side := strconv.Itoa(page), strconv.Itoa(pixelsOnLongSide)
	if r.name == "mutool" {
		return []string{"draw", "-q", "-F", "png", "-w", side, "-h", side, "-o", "-", "in.pdf", n}
	}
	return []string{"-png", "-singlefile", "-f", n, "-l", n, "-scale-to", side, "-"}
}

// bounded takes at most max bytes; one more ends the program.
type bounded struct {
	buf bytes.Buffer
	max int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.max {
		return 0, io.ErrShortBuffer
	}
	return b.buf.Write(p)
}

// pixels decodes what the renderer wrote and encodes it anew.
func pixels(raw []byte) (Picture, error) {
	bad := func(err error) (Picture, error) {
		return Picture{}, fault.Because(fault.Invalid, err, "This page cannot be drawn. Ask the agency for another copy of the order.")
	}
	cfg, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return bad(err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > 2*pixelsOnLongSide || cfg.Height > 2*pixelsOnLongSide {
		return bad(fmt.Errorf("picture of %d × %d pixels", cfg.Width, cfg.Height))
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return bad(err)
	}
	clean := image.NewRGBA(image.Rect(0, 0, cfg.Width, cfg.Height))
	draw.Draw(clean, clean.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(clean, clean.Bounds(), img, img.Bounds().Min, draw.Over)
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&out, clean); err != nil {
		return bad(err)
	}
	return Picture{PNG: out.Bytes(), Width: cfg.Width, Height: cfg.Height}, nil
}
