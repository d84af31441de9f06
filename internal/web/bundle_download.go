package web

import (
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// bundleTimeout is how long a download over a slow line may take.
const bundleTimeout = 30 * time.Minute

// bundlePart is the bundle of a case that is ready.
type bundlePart struct {
	Title    string
	Facts    []Fact
	Digest   Digest
	Download *Form // nil where it was fetched as often as it may be
	Confirm  *Form // to say that it arrived, nil where that was said or is too early
	Get      Button
	Arrived  Button
	Commands []verifyStep
	Left     string
	ProofAt  string // the proof of release, to lie beside the bundle
	StepUp   *StepUp
	Receipts *Table // of downloads; nil before the first
}

// bundlePart describes the bundle, and says how to open and check it.
func (c *Ctx) bundlePart(cs requests.Case, b Base) *bundlePart {
	actor, _ := c.Actor()
	file, path := cs.FileFor(actor.Person), requests.PathOf(cs.Request.ID)
	r := &file
	p := &bundlePart{Digest: Digest{"SHA-256", r.EncryptedSHA256}, Get: Button{Text: c.T("bundle.get")}, Arrived: Button{Text: c.T("bundle.arrived"), Kind: "secondary"}}
	p.Title = c.T("bundle.title.fetched")
	if cs.Request.State == requests.ExportedCase {
		p.Title = c.T("bundle.title")
	}
	f := facts{c: c}
	f.add("bundle.file", Cell{Code: bundleName(*r)})
	if r.State == requests.Exported {
		f.add("bundle.digest", Cell{Digest: &p.Digest})
	}
	f.text("bundle.records", c.T("bundle.counts", "phones", c.T("bundle.phones", "n", r.Phones), "addresses", c.T("bundle.addresses", "n", r.Addresses)))
	f.add("bundle.at", Cell{When: &When{r.ExportedAt, zoneOf(cs.Agency)}})
	if old := cs.Superseded(*r); old != "" {
		f.text("bundle.supersedes", old)
	}
	p.Left = c.T("bundle.granted.none")
	if g, ok := cs.Grant(actor.Person); ok {
		until := b.When(g.Until)
		f.add("bundle.until", Cell{When: &until})
		p.Left = c.T("bundle.left", "done", g.Delivered, "limit", g.Deliveries)
		over := g.Over(c.Now())
		if actor.DownloadFrom.After(c.Now()) {
			waits := b.When(actor.DownloadFrom)
			f.add("accounts.download_from", Cell{When: &waits})
			p.Left = c.T("bundle.waits")
		} else if over == "" && r.State != requests.Exported {
			p.Left = c.T("bundle.granted.sealing")
		} else if over == "" {
			p.Download = c.bare(path + "/bundle")
			p.StepUp = c.StepUp(identity.PurposeDownload, requests.DownloadDigest(*r))
		} else {
			p.Left = c.T("bundle.granted." + over)
		}
	}
	p.Facts = f.list
	if len(cs.Receipts) > 0 {
		p.Receipts = c.receiptTable(cs, r.ID, b)
	}
	if can(cs.Request.State, requests.Acknowledge, identity.Officer) {
		p.Confirm = c.Form(path+"/acknowledge", struct{}{})
	}
	p.Commands, p.ProofAt = c.bundleCommands(*r), path+"/proof"
	return p
}

// bundleName is the file's name as Download gives it.
func bundleName(r requests.Release) string { return r.FileName() }

// decryptStep is the key of the words and the command that opens the file.
func decryptStep(r requests.Release) (key, command string) {
	switch r.Profile {
	case identity.DeliverAge:
		return "decrypt_age", "age -d -i IDENTITY.txt -o " + r.Ref + ".zip " + bundleName(r)
	case identity.DeliverCBC:
		return "decrypt_cbc", openssl(r)
	}
	return "decrypt", openssl(r)
}

func openssl(r requests.Release) string {
	return openSSLOpens(bundleName(r), r.Ref+".zip")
}

// bundleCommands are the steps from the downloaded file to checked records.
func (c *Ctx) bundleCommands(r requests.Release) []verifyStep {
	var out []verifyStep
	opens, command := decryptStep(r)
	for _, s := range []struct{ key, command string }{
		{"compare", "sha256sum " + bundleName(r)},
		{opens, command},
		{"unpack", "unzip " + r.Ref + ".zip"},
		{"verify", checkWhole(r.Ref + ".asice")},
	} {
		out = append(out, verifyStep{Title: c.T("bundle." + s.key), Command: s.command, Text: c.T("bundle." + s.key + ".text")})
	}
	return out
}

// downloadBundle sends the encrypted bundle to the officer to whom it was
// granted, who confirms it with their passkey. That it begins is on record before
// the first byte leaves, and how it ended when the last one did. The file is sent
// whole: ranges are of GET, and this is none.
// SPEC: RFC 9110 §14.2.
func (s *Server) downloadBundle(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	ctx := c.Once()
	if cs.Release != nil {
		actor, _ := c.Actor()
		if ctx, err = c.Proved(identity.PurposeDownload, requests.DownloadDigest(cs.FileFor(actor.Person))); err != nil {
			return err
		}
	}
	body, name, err := s.cfg.Services.Delivery.Download(ctx, cs.Request.ID)
	if err != nil {
		return c.Done(err, requests.PathOf(cs.Request.ID), "")
	}
	defer func() {
		if err := body.Close(); err != nil {
			c.event.err = err
		}
	}()
	c.Response().Header().Set("Accept-Ranges", "none")
	return c.sendFile(body, name, "application/pkcs7-mime")
}

// sendFile sends a file to be kept, never to be shown. A reader that fails
// half-way breaks the connection, so that nobody takes a part for the whole.
// SPEC: RFC 6266 §4.
func (c *Ctx) sendFile(body io.Reader, name, kind string) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, kind)
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": c.fileName(name)}))
	h.Set("Cache-Control", "no-store")
	switch f := body.(type) {
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := f.Stat(); err == nil {
			h.Set(echo.HeaderContentLength, strconv.FormatInt(info.Size(), 10))
		}
	case interface{ Size() int64 }: // it is in memory
		h.Set(echo.HeaderContentLength, strconv.FormatInt(f.Size(), 10))
	}
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, err := io.Copy(c.Response(), body)
	if err == nil {
		err = http.NewResponseController(c.Response().Writer).Flush() // what waits in our own buffers was not sent
	}
	if errors.Is(err, http.ErrNotSupported) {
		err = nil
	}
	if err != nil {
		if b, ok := body.(interface{ Abandon() }); ok {
			b.Abandon()
		}
		c.event.err = err
		panic(http.ErrAbortHandler)
	}
	return nil
}

// asciiName keeps of a file's name what every system and header can hold.
func asciiName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	if name == "" {
		return "file"
	}
	return name
}
