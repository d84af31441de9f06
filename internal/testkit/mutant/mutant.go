// Package mutant lets one gate of the product be taken out while tests run, and
// notes which test comes to which gate. Nothing that ships imports it: the program
// mutants writes calls to it into copies of the sources, and statements into the
// databases of tests.
package mutant

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

// What the program mutants tells a test binary.
const (
	EnvGate = "LERD_MUTANT_GATE" // number of the gate that is taken out
	EnvSQL  = "LERD_MUTANT_SQL"  // a file with statements for each test's database
	EnvHits = "LERD_MUTANT_HITS" // a file to which tests and the gates they come to are appended
)

// Schema is the schema in which sequences note what a transaction that ends
// without success came to: nothing else of it stays.
const Schema = "mutant"

var (
	off  = number(os.Getenv(EnvGate))
	mu   sync.Mutex
	test string
	seen = map[string]bool{}
)

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// Off tells whether a gate is taken out.
func Off(n int) bool { return n == off }

// Began says which test runs now.
func Began(name string) {
	mu.Lock()
	defer mu.Unlock()
	test = name
}

// Hit notes that the test came to a gate that stopped it.
func Hit(n int) { Note(Current(), "g"+strconv.Itoa(n)) }

// Current gives the test that began last.
func Current() string {
	mu.Lock()
	defer mu.Unlock()
	return test
}

// Note writes down that a test came to something.
func Note(test, what string) {
	path := os.Getenv(EnvHits)
	mu.Lock()
	defer mu.Unlock()
	line := test + "\t" + what + "\n"
	if path == "" || seen[line] {
		return
	}
	seen[line] = true
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(line)
		f.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("noting what a test came to: %v", err))
	}
}
