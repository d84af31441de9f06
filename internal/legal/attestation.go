package legal

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Attestation is a text that somebody signs. What was signed stays provable: a
// signature keeps the text's name and hash, and a text that was used is never
// edited; a new version is a file beside it.
type Attestation struct {
	Name   string // e.g. "submit.v1.en": purpose, version, ISO 639-1
	Text   string // a statement a line
	SHA256 string // hexadecimal, of the file's bytes
}

// Lines gives the statements.
func (a Attestation) Lines() []string { return strings.Split(strings.TrimSpace(a.Text), "\n") }

// attestationLanguage is the language in which every text exists.
const attestationLanguage = "en"

var attestationName = regexp.MustCompile(`^([a-z]+)\.v([1-9][0-9]*)\.([a-z]{2})$`)

// Attestation gives the newest text for a purpose, "submit" or "cosign", in a
// language, or in English where there is none in that language of this version.
func (r *Registry) Attestation(purpose, language string) Attestation {
	newest := 0
	for _, a := range r.attestations {
		if m := attestationName.FindStringSubmatch(a.Name); m[1] == purpose && m[3] == attestationLanguage {
			v, _ := strconv.Atoi(m[2]) // digits, by the pattern
			newest = max(newest, v)
		}
	}
	name := purpose + ".v" + strconv.Itoa(newest) + "."
	if a, ok := r.attestations[name+language]; ok {
		return a
	}
	return r.attestations[name+attestationLanguage]
}

// AttestationByName gives the text that a signature names.
func (r *Registry) AttestationByName(name string) (Attestation, bool) {
	a, ok := r.attestations[name]
	return a, ok
}

func (l *loader) loadAttestations() {
	for _, file := range l.glob("attestations/*.txt") {
		raw, err := fs.ReadFile(l.fs, file)
		name := strings.TrimSuffix(path.Base(file), ".txt")
		if err != nil || len(raw) == 0 || !attestationName.MatchString(name) {
			l.faultf(file, "cannot be read, is empty, or is not named like submit.v1.en.txt")
			continue
		}
		sum := sha256.Sum256(raw)
		l.reg.attestations[name] = Attestation{Name: name, Text: string(raw), SHA256: hex.EncodeToString(sum[:])}
	}
	for _, purpose := range []string{"submit", "cosign"} {
		if l.reg.Attestation(purpose, attestationLanguage).Text == "" {
			l.faultf("attestations", "there is no text for %q in English", purpose)
		}
	}
}
