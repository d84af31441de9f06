package processes

import (
	"context"
	"fmt"
	"sync"

	"lerd/internal/fault"
	"lerd/internal/legal"
)

// BookStore reads the versions that were put in force.
type BookStore interface {
	ProcessVersions(ctx context.Context) ([]Version, error)
	VersionCount(ctx context.Context) (int, error)
}

// Book gives the law as it stands at the moment of use: the shipped versions,
// and those that were put in force since, which are read from the database when
// there are more of them than before. One that does not give the digest in the
// log makes its process unusable, in place of being decided under.
type Book struct {
	Shipped *legal.Registry
	Store   BookStore

	mu   sync.Mutex
	read int // versions in law
	law  *legal.Registry
}

// Law gives the registry of this moment.
func (b *Book) Law(ctx context.Context) (_ *legal.Registry, err error) {
	defer fault.Wrap(&err, "processes.Law")
	n, err := b.Store.VersionCount(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.law != nil && b.read == n {
		return b.law, nil
	}
	versions, err := b.Store.ProcessVersions(ctx)
	if err != nil {
		return nil, err
	}
	law := b.Shipped
	for _, v := range versions {
		law = with(law, v)
	}
	b.law, b.read = law, len(versions)
	return law, nil
}

// Known gives the law as it was last read, for words on pages. Decisions ask Law.
func (b *Book) Known() *legal.Registry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.law == nil {
		return b.Shipped
	}
	return b.law
}

// with adds a version, or makes its process unusable.
func with(law *legal.Registry, v Version) *legal.Registry {
	if had, err := law.Process(v.Process, v.Number); err == nil && had.Pin().Digest == v.Digest {
		return law // it came with this release of lerd as well
	}
	next, p, err := law.Propose([]byte(v.Body))
	switch {
	case err != nil:
		return law.Without(v.Process, unusable(v, fmt.Sprintf("it cannot be read: %s", fault.Message(err))))
	case v.Logged != v.Digest || p.Pin() != legal.Pin{ID: v.Process, Version: v.Number, Digest: v.Digest}:
		return law.Without(v.Process, unusable(v, "its text is not the one whose digest is in the log"))
	}
	return next
}

func unusable(v Version, why string) error {
	return fault.New(fault.Gate, "Nothing is decided under legal process %s: version %d was put in force, and %s. Somebody has to look at the integrity of the database at once.", v.Process, v.Number, why)
}
