// Command operator puts a log into the database of a litewitness, with the rows
// that its own "witnessctl add-log" and "witnessctl add-key" write.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"log"

	"golang.org/x/mod/sumdb/note"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func main() {
	db := flag.String("db", "", "the witness's database")
	origin := flag.String("origin", "", "name of the log")
	key := flag.String("key", "", "verifier key of the log")
	flag.Parse()
	v, err := note.NewVerifier(*key)
	if err != nil {
		log.Fatal(err)
	}
	if v.Name() != *origin {
		log.Fatalf("the key is of %s", v.Name())
	}
	if err := add(*db, *origin, *key); err != nil {
		log.Fatal(err)
	}
}

func add(path, origin, key string) error {
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer db.Close()
	empty := sha256.Sum256(nil)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", []any{origin, base64.StdEncoding.EncodeToString(empty[:])}},
		{"INSERT INTO key (origin, key) VALUES (?, ?)", []any{origin, key}},
	} {
		if err := sqlitex.Execute(db, s.query, &sqlitex.ExecOptions{Args: s.args}); err != nil {
			return err
		}
	}
	return nil
}
