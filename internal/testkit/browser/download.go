package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Download clicks a link or a button that downloads a file, waits until the file
// is whole and gives its path, in a folder that goes with the test.
func (p *Page) Download(css string) string {
	p.t.Helper()
	dir := p.t.TempDir()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.CallBrowser(ctx, control.SetDownloadBehavior, control.SetDownloadBehaviorParams{
		Behavior: control.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	if err != nil {
		p.t.Fatalf("allowing downloads: %v", err)
	}
	p.do("downloading by "+css, chromedp.Click(chromedp.CSS(css)))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) == 1 && !strings.HasSuffix(entries[0].Name(), ".crdownload") {
			return filepath.Join(dir, entries[0].Name())
		}
	}
	p.t.Fatalf("no file came by %s (at %s)", css, p.whereabouts())
	return ""
}

// Attributes gives an attribute of every element, "" where one does not have it.
func (p *Page) Attributes(css, attribute string) []string {
	p.t.Helper()
	return run(p, "reading "+css, chromedp.Evaluate[[]string]("[...document.querySelectorAll("+quote(css)+")].map(e => e.getAttribute("+quote(attribute)+") ?? '')"))
}
