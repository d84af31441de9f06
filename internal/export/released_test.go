package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/export/verify"
)

// loggedRelease is a log in which the release of a container is one of several entries.
type loggedRelease struct {
	log   *audittest.Log
	entry []byte
	index uint64
}

// releaseIn writes a log of so many entries under a key, with the release at index.
func (d *desk) releaseIn(key audittest.Key, container string, kind string, index, size int) loggedRelease {
	d.t.Helper()
	b, err := os.ReadFile(container)
	d.must(err)
	e := audit.Event{ID: "6f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f", Stream: "export:EXP-2026-000123", Version: 1, Kind: kind, At: now,
		Actor: audit.Actor{Person: "system", Role: "system"}, Facts: map[string]string{FactExport: "EXP-2026-000123", FactContainer: hexOf(sha256.Sum256(b))}}
	entry, err := e.Seal(audit.Nonce{}, audit.Salt{})
	d.must(err)
	entries := audittest.Events(d.t, 0, size)
	entries[index] = entry
	return loggedRelease{audittest.Build(d.t, key, entries), entry, uint64(index)}
}

// proof is that of an entry under the log's first size entries.
func (r loggedRelease) proof(t testing.TB, size uint64, more ...note.Signer) audit.Proof {
	t.Helper()
	l := audittest.Build(t, r.log.Key, r.log.Entries[:size])
	hashes, err := audit.InclusionProof(context.Background(), l.Reader(), min(r.index, size-1), size)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := l.Checkpoint().Sign(l.Signer, more...)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Proof{Index: r.index, Hashes: hashes, Checkpoint: signed}
}

// TestProofsOfTheReleaseThatAreNone lays proofs beside a good container that are of
// another log, key, entry, tree or form: each is refused by the check of the
// release, in words that say why, and no other check fails.
func TestProofsOfTheReleaseThatAreNone(t *testing.T) {
	d := newDesk(t)
	path := d.clear(d.seal(1, 5))
	base := strings.TrimSuffix(path, ".asice")
	signer, err := audit.NewSigner(d.logKey)
	d.must(err)
	verifier, err := audit.NewVerifier(d.vkey)
	d.must(err)
	own := audittest.Key{Signer: signer, VerifierKey: d.vkey, Trust: audit.Trust{Log: []note.Verifier{verifier}}}
	r := d.releaseIn(own, path, KindReleased, 9, 13)
	good := r.proof(t, 13)
	witness, unknown := audittest.NewWitness(t, "witness.example/w1", own), audittest.NewWitness(t, "witness.example/unknown", own)
	known, err := audit.NewWitness(witness.VerifierKey)
	d.must(err)
	strangers := audittest.NewKey(t, origin)
	with := func(change func(*audit.Proof)) []byte {
		p := good
		p.Hashes = append([]audit.Hash{}, good.Hashes...)
		change(&p)
		return p.Format()
	}
	in := func(r loggedRelease) ([]byte, []byte) {
		return r.proof(t, uint64(len(r.log.Entries))).Format(), r.entry
	}
	other, otherEntry := in(d.releaseIn(own, path, "export.sealed", 9, 13))
	early, earlyEntry := in(d.releaseIn(own, path, KindReleased, 1, 13))
	aside, _ := in(d.releaseIn(audittest.NewKey(t, "log.example/another"), path, KindReleased, 9, 13))
	foreign, _ := in(d.releaseIn(strangers, path, KindReleased, 9, 13))
	b64 := base64.StdEncoding.EncodeToString(good.Hashes[0][:])
	for name, c := range map[string]struct {
		text, entry []byte
		quorum      int
		want        string // of the words; "" where it holds
	}{
		"right":                          {good.Format(), r.entry, 0, ""},
		"right, under a smaller tree":    {r.proof(t, 10).Format(), r.entry, 0, ""},
		"right, cosigned":                {r.proof(t, 13, witness.Signer()).Format(), r.entry, 1, ""},
		"cosigned by the log itself":     {r.proof(t, 13, signer).Format(), r.entry, 1, "checkpoint"},
		"cosigned by nobody":             {good.Format(), r.entry, 1, "cosigned by 0 of the 1"},
		"cosigned by an unknown witness": {r.proof(t, 13, unknown.Signer()).Format(), r.entry, 1, "cosigned by 0 of the 1"},
		"cosigned by one of two":         {r.proof(t, 13, witness.Signer(), unknown.Signer()).Format(), r.entry, 2, "cosigned by 1 of the 2"},
		"another origin":                 {aside, r.entry, 0, "verif"},
		"another key of that name":       {foreign, r.entry, 0, "verif"},
		"another index":                  {with(func(p *audit.Proof) { p.Index = 8 }), r.entry, 0, "entry 8 under 13"},
		"index behind the tree":          {with(func(p *audit.Proof) { p.Index = 13 }), r.entry, 0, "entry 13 under 13"},
		"index far behind the tree":      {with(func(p *audit.Proof) { p.Index = 1<<64 - 1 }), r.entry, 0, "index line"},
		"an older checkpoint":            {r.proof(t, 9).Format(), r.entry, 0, "entry 9 under 9"},
		"a newer checkpoint":             {with(func(p *audit.Proof) { p.Checkpoint = r.proof(t, 12).Checkpoint }), r.entry, 0, "under 12"},
		"another size in the checkpoint": {bytes.Replace(good.Format(), []byte("\n13\n"), []byte("\n12\n"), 1), r.entry, 0, "invalid signature"},
		"another root in the checkpoint": {bytes.Replace(good.Format(), []byte("\n13\n"), []byte("\n13\n"+b64+"\n"), 1), r.entry, 0, "invalid signature"},
		"a hash too few":                 {with(func(p *audit.Proof) { p.Hashes = p.Hashes[:len(p.Hashes)-1] }), r.entry, 0, "under 13"},
		"a hash too many":                {with(func(p *audit.Proof) { p.Hashes = append(p.Hashes, p.Hashes[0]) }), r.entry, 0, "under 13"},
		"a hash twice":                   {with(func(p *audit.Proof) { p.Hashes = append(p.Hashes[:1], p.Hashes...) }), r.entry, 0, "under 13"},
		"hashes in another order":        {with(func(p *audit.Proof) { p.Hashes[0], p.Hashes[1] = p.Hashes[1], p.Hashes[0] }), r.entry, 0, "under 13"},
		"no hashes":                      {with(func(p *audit.Proof) { p.Hashes = nil }), r.entry, 0, "under 13"},
		"sixty-four hashes":              {with(func(p *audit.Proof) { p.Hashes = make([]audit.Hash, 64) }), r.entry, 0, "more hashes than any tree needs"},
		"octets behind":                  {append(good.Format(), 'x'), r.entry, 0, "checkpoint"},
		"a line break behind":            {append(good.Format(), '\n'), r.entry, 0, "checkpoint"},
		"a second proof behind":          {append(good.Format(), good.Format()...), r.entry, 0, "checkpoint"},
		"octets in front":                {append([]byte("\n"), good.Format()...), r.entry, 0, "does not begin with"},
		"line breaks of Windows":         {bytes.ReplaceAll(good.Format(), []byte("\n"), []byte("\r\n")), r.entry, 0, "does not begin with"},
		"no signature":                   {good.Format()[:bytes.LastIndex(good.Format(), []byte("\u2014"))], r.entry, 0, "checkpoint"},
		"cut":                            {good.Format()[:len(good.Format())-2], r.entry, 0, "checkpoint"},
		"empty":                          {nil, r.entry, 0, "does not begin with"},
		"too large":                      {append(good.Format(), make([]byte, 1<<20)...), r.entry, 0, "larger than"},
		"no entry":                       {good.Format(), nil, 0, "canonical form"},
		"an entry with a space behind":   {good.Format(), append(bytes.Clone(r.entry), ' '), 0, "canonical form"},
		"another entry of the log":       {good.Format(), r.log.Entries[8], 0, "of another event"},
		"the entry of the seal":          {other, otherEntry, 0, "of another event"},
		"the entry of another container": {good.Format(), bytes.Replace(r.entry, []byte(`"asice_sha256":"`), []byte(`"asice_sha256":"0`), 1), 0, "asice_sha256 differs"},
		"a release before the seal":      {early, earlyEntry, 0, "two histories"},
	} {
		d.must(os.WriteFile(base+".tlog-proof", c.text, 0o600))
		d.must(os.WriteFile(base+".released.json", c.entry, 0o600))
		o := verify.Options{Roots: d.roots(), LogKeys: []string{d.vkey}, Now: now}
		if c.quorum > 0 {
			o.Witnesses, o.Quorum = []note.Verifier{known}, c.quorum
		}
		report, err := verify.Verify(t.Context(), path, o)
		d.must(err)
		said := ""
		for _, check := range report.Checks {
			if check.ID == "audit" && c.quorum > 0 {
				continue // the proof inside is cosigned by nobody
			}
			if check.Result == verify.Fail {
				said += check.ID + ": " + check.Detail
			}
		}
		if (c.want == "") != (said == "") || c.want != "" && (!strings.HasPrefix(said, "released: ") || !strings.Contains(said, c.want)) {
			t.Errorf("%s: %q, want words of %q", name, said, c.want)
		}
	}
	d.must(os.Remove(base + ".released.json"))
	if r := d.verify(path); r.OK {
		t.Error("a proof without its entry passes")
	}
}
