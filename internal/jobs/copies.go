package jobs

import (
	"context"
	"os"
	"path/filepath"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// copyFolder is where one copy is made, apart from its release, whose files have
// the same names.
func (x *Exporter) copyFolder(id string) string {
	return filepath.Join(x.Maker.Dir, "copies", filepath.Base(id))
}

// DueCopies gives the copies that wait to be sealed.
func (x *Exporter) DueCopies(ctx context.Context) ([]requests.CopyDue, error) {
	return x.Copies.CopiesDue(ctx)
}

// ExportCopy seals a copy of a bundle for its grant, by the steps of Export.
func (x *Exporter) ExportCopy(ctx context.Context, d requests.CopyDue) (err error) {
	defer fault.Wrap(&err, "jobs.ExportCopy(%s)", d.Copy)
	if err := x.ready(ctx); err != nil {
		return err
	}
	c, frozen, err := x.Copies.ExportCopy(ctx, d.Request, d.Copy)
	if err != nil {
		return err
	}
	one, maker := *x, *x.Maker
	maker.Dir = x.copyFolder(d.Copy)
	if err := os.MkdirAll(maker.Dir, 0o700); err != nil {
		return err
	}
	one.Maker = &maker
	if err := one.export(ctx, c, frozen); err != nil {
		return err
	}
	return os.RemoveAll(maker.Dir)
}

// tidyCopies removes what a stopped process left of copies: it is hidden from this
// one, and is made anew.
func (x *Exporter) tidyCopies() error { return os.RemoveAll(filepath.Join(x.Maker.Dir, "copies")) }
