// Package statement writes the periodic statement of all requests made in an
// agency's name: for the agency, and for the body that watches over it.
//
// Invariants:
//   - the files are computed from rows and events alone: the same input gives the
//     same bytes;
//   - each request stands there with the event by which it was made and that
//     event's place in the log, so that a stranger can look it up;
//   - a statement says that there was no request where there was none;
//   - nothing of whom a request was about stands in it, nor what the agency does not
//     read of its own request.
package statement

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"time"

	"crypto/sha256"
	"encoding/hex"
)

// Line is one request made in the agency's name.
type Line struct {
	Ref         string    `json:"ref"`
	Process     string    `json:"process"`
	Order       string    `json:"order_number"`
	Issuer      string    `json:"issuing_authority"`
	Officer     string    `json:"officer"`
	Received    time.Time `json:"received_at"`
	Emergency   bool      `json:"emergency"`
	State       string    `json:"state"` // as the agency reads it: while a request is examined, nothing of what was found
	StateWords  string    `json:"-"`
	Targets     int       `json:"accounts_asked_about"`
	Phones      int       `json:"phone_numbers_released"`
	Addresses   int       `json:"ip_addresses_released"`
	Downloads   int       `json:"downloads"`
	Disowned    bool      `json:"disowned_by_the_agency"`
	Event       string    `json:"event"`     // by which it was made
	Index       int64     `json:"log_index"` // of that event
	EntrySHA256 string    `json:"entry_sha256"`
}

// Statement is what the files say.
type Statement struct {
	Format    string    `json:"format"` // "lerd agency statement v1"
	ID        string    `json:"id"`
	Made      time.Time `json:"made_at"`
	Product   string    `json:"made_by"`
	AgencyID  string    `json:"agency_id"`
	Agency    string    `json:"agency"`
	Country   string    `json:"country"`
	Oversight string    `json:"oversight_body"`
	From      time.Time `json:"from"` // first instant
	To        time.Time `json:"to"`   // first instant after
	Log       string    `json:"log"`
	LogSize   int64     `json:"log_size"` // every request made before To lies before it
	Requests  []Line    `json:"requests"` // never null
}

// Format is the version of the files' form.
const Format = "lerd agency statement v1"

//go:embed statement.html
var page string

var human = template.Must(template.New("statement").Funcs(template.FuncMap{
	"utc": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") + " UTC" },
	"day": func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
}).Parse(page))

// File is one file of a statement.
type File struct {
	Name string
	Body []byte
}

// Files gives the files of a statement: statement.json, statement.html, and
// SHA256SUMS with the digests of both, which is what is signed.
func (s Statement) Files() ([]File, error) {
	if s.Requests == nil {
		s.Requests = []Line{}
	}
	machine, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	var shown, sums bytes.Buffer
	if err := human.Execute(&shown, s); err != nil {
		return nil, err
	}
	files := []File{{"statement.json", append(machine, '\n')}, {"statement.html", shown.Bytes()}}
	for _, f := range files {
		sum := sha256.Sum256(f.Body)
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), f.Name)
	}
	return append(files, File{SumsName, sums.Bytes()}), nil
}

// Names of the files that are made after Files.
const (
	SumsName      = "SHA256SUMS"
	SignatureName = "SHA256SUMS.p7s" // CMS, detached, DER
	ChainName     = "signer-chain.pem"
	EntryName     = "entry"
	ProofName     = "entry.tlog-proof"
	HowName       = "HOW-TO-VERIFY.txt"
)

// How says how a stranger verifies a statement.
const How = `How to verify this statement, with programs that are not ours:

  sha256sum -c SHA256SUMS
  openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS -CAfile root.pem -certfile signer-chain.pem -purpose any -out /dev/null
  lerd-verify proof --entry entry --vkey log-keys.txt entry.tlog-proof

The platform publishes root.pem and log-keys.txt under these names, below
/.well-known/lerd/ of its portal; compare them with what you received on paper. The entry names in "sums_sha256" the SHA-256 of SHA256SUMS. Each
request in statement.json names its own place in the same log.
`

// Zip packs files, each with the same time, so that the same files give the same
// bytes.
func Zip(files []File, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Body); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// Unzip reads what Zip packed.
func Unzip(b []byte) (files []File, err error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(r); err != nil {
			return nil, err
		}
		files = append(files, File{f.Name, body.Bytes()})
	}
	return files, nil
}

// Month gives the period of a calendar month in UTC which ended last before now.
func Month(now time.Time) (from, to time.Time) {
	to = time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	return to.AddDate(0, -1, 0), to
}
