package migrations

import (
	"crypto/sha256"
	_ "embed" // the catalogue
	"encoding/hex"
	"io/fs"
)

//go:embed catalogue.txt
var catalogue []byte

// Catalogue gives the list of what a migrated database holds people to: in the first
// line the Digest of the migrations from which it was made, then a digest and a name
// for each trigger, function, policy, column, constraint, rule, set of rights and table that
// migrations alone fill. A test of package
// store makes it.
func Catalogue() []byte { return catalogue }

// Digest gives the SHA-256 of all migration files, in hex.
func Digest() string {
	h := sha256.New()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // an embedded file
		}
		sum := sha256.Sum256(text)
		h.Write([]byte(name + "\x00"))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
