package audit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/fault"
)

// goldenCheckpoint was signed once with the key of the note package's
// documentation and must open for ever.
const (
	goldenSigner   = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
	goldenVerifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
)

func TestCheckpointFormatHasNotChanged(t *testing.T) {
	signer, err := audit.NewSigner(goldenSigner + "\n")
	if err != nil {
		t.Fatal(err)
	}
	c := audit.Checkpoint{Origin: "PeterNeumann", Size: 70000, Root: audit.LeafHash([]byte("golden"))}
	signed, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	const want = "PeterNeumann\n70000\nROOT\n\n— PeterNeumann SIGNATURE\n"
	if got := strings.NewReplacer("ROOT", goldenRoot, "SIGNATURE", goldenSignature).Replace(want); got != string(signed) {
		t.Errorf("got %q, want %q", signed, got)
	}
	verifier, err := audit.NewVerifier(goldenVerifier + "\n")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := audit.OpenCheckpoint(signed, audit.Trust{Log: []note.Verifier{verifier}})
	if err != nil || opened.Checkpoint != c || opened.Log.Name != "PeterNeumann" {
		t.Errorf("%+v, %v", opened, err)
	}
	theirs, rest, n, err := log.ParseCheckpoint(signed, "PeterNeumann", verifier)
	if err != nil || theirs.Size != c.Size || !bytes.Equal(theirs.Hash, c.Root[:]) || len(rest) > 0 || len(n.Sigs) != 1 {
		t.Errorf("another implementation reads %+v, %q, %v", theirs, rest, err)
	}
}

// collide is a key with the name and the number of another one: 32 bits are
// easily found again.
type collide struct {
	note.Signer
	hash uint32
}

func (c collide) KeyHash() uint32 { return c.hash }

// T9: nothing about a checkpoint can be changed.
func TestChangedCheckpointsAreRefused(t *testing.T) {
	key, other := audittest.NewKey(t, audittest.Origin), audittest.NewKey(t, audittest.Origin)
	c := audit.Checkpoint{Origin: audittest.Origin, Size: 70000, Root: audit.LeafHash(nil)}
	signed, err := c.Sign(key.Signer)
	if err != nil {
		t.Fatal(err)
	}
	good := string(signed)
	signText := func(text string, by ...note.Signer) string {
		out, err := note.Sign(&note.Note{Text: text}, by...)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	sig := good[strings.LastIndex(good, " ")+1 : len(good)-1]
	lines := strings.Split(c.Text(), "\n")
	text := func(origin, size, root string) string { return origin + "\n" + size + "\n" + root + "\n" }
	for name, bad := range map[string]string{
		"bit in the signature":        strings.Replace(good, sig, sig[:20]+swapCase(sig[20:]), 1),
		"unused bits of base64":       strings.Replace(good, sig, loosened(t, sig), 1),
		"size":                        strings.Replace(good, "70000", "70001", 1),
		"origin":                      strings.Replace(good, "lerd.example/audit\n", "lerd.example/other\n", 1),
		"root":                        strings.Replace(good, lines[2], audit.EmptyRoot().String(), 1),
		"signed by another key":       signText(c.Text(), other.Signer),
		"key number collides":         signText(c.Text(), collide{other.Signer, key.Signer.KeyHash()}),
		"extension line":              signText(c.Text()+"more\n", key.Signer),
		"another origin, signed":      signText(text("lerd.example/other", lines[1], lines[2]), key.Signer),
		"empty origin, signed":        signText(text("", lines[1], lines[2]), key.Signer),
		"leading zero, signed":        signText(text(lines[0], "070000", lines[2]), key.Signer),
		"plus sign, signed":           signText(text(lines[0], "+70000", lines[2]), key.Signer),
		"size over 2^63, signed":      signText(text(lines[0], "9223372036854775808", lines[2]), key.Signer),
		"short root, signed":          signText(text(lines[0], lines[1], "AAAA"), key.Signer),
		"loose root, signed":          signText(text(lines[0], lines[1], loosened(t, lines[2])), key.Signer),
		"root of something at size 0": signText(text(lines[0], "0", lines[2]), key.Signer),
		"root of nothing at size 0 is good, this one has a line more": signText(text(lines[0], "0", audit.EmptyRoot().String())+"x\n", key.Signer),
		"two lines, signed":        signText(lines[0]+"\n"+lines[1]+"\n", key.Signer),
		"blank line missing":       strings.Replace(good, "\n\n", "\n", 1),
		"signature line twice":     good + good[strings.Index(good, "— "):],
		"no signature":             c.Text() + "\n",
		"no final new line":        good[:len(good)-1],
		"carriage returns":         strings.ReplaceAll(good, "\n", "\r\n"),
		"empty":                    "",
		"data before":              "\n" + good,
		"data behind":              good + "x\n",
		"second, invalid, own key": good + "— lerd.example/audit " + sig[:20] + swapCase(sig[20:]) + "\n",
	} {
		if bad == good {
			t.Fatalf("%s changes nothing", name)
		}
		if got, err := audit.OpenCheckpoint([]byte(bad), key.Trust); err == nil {
			t.Errorf("%s: opened as %+v", name, got.Checkpoint)
		}
	}
	if _, err := c.Sign(audittest.NewKey(t, "other.example/audit").Signer); err == nil {
		t.Error("a key of another name has signed")
	}
	loose := key.Trust
	loose.Extensions = true
	opened, err := audit.OpenCheckpoint([]byte(signText(c.Text()+"more\n", key.Signer)), loose)
	if err != nil || len(opened.Extensions) != 1 || opened.Extensions[0] != "more" {
		t.Errorf("extension lines, when they are allowed: %+v, %v", opened, err)
	}
}

func swapCase(s string) string {
	if s[0] >= 'a' {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return strings.ToLower(s[:1]) + "/" + s[2:]
}

// loosened gives other base64 of the same bytes.
func loosened(t *testing.T, s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	end := strings.TrimRight(s, "=")
	out := end[:len(end)-1] + string(alphabet[strings.IndexByte(alphabet, end[len(end)-1])+1]) + s[len(end):]
	a, _ := base64.StdEncoding.DecodeString(s)
	if b, err := base64.StdEncoding.DecodeString(out); err != nil || !bytes.Equal(a, b) {
		t.Fatalf("%s and %s are not the same bytes", s, out)
	}
	return out
}

func TestCosignatures(t *testing.T) {
	key, w1, w2 := audittest.NewKey(t, audittest.Origin), audittest.NewKey(t, "w1.example"), audittest.NewKey(t, "w2.example")
	c := audit.Checkpoint{Origin: audittest.Origin, Root: audit.EmptyRoot()}
	signed, err := c.Sign(key.Signer, w1.Signer, w2.Signer)
	if err != nil {
		t.Fatal(err)
	}
	trust := key.Trust
	got, err := audit.OpenCheckpoint(signed, trust)
	if err != nil || len(got.Unknown) != 2 || len(got.Cosigned) != 0 || !bytes.Equal(got.Note, signed) {
		t.Errorf("unknown witnesses: %+v, %v", got, err)
	}
	trust.Witnesses, trust.Quorum = []note.Verifier{w1.Trust.Log[0]}, 1
	if got, err = audit.OpenCheckpoint(signed, trust); err != nil || len(got.Unknown) != 1 || len(got.Cosigned) != 1 {
		t.Errorf("one known witness: %+v, %v", got, err)
	}
	trust.Quorum = 2
	if _, err := audit.OpenCheckpoint(signed, trust); err == nil {
		t.Error("one of two needed witnesses is enough")
	}
	alone, err := note.Sign(&note.Note{Text: c.Text()}, w1.Signer)
	if err != nil {
		t.Fatal(err)
	}
	trust.Quorum = 0
	if _, err := audit.OpenCheckpoint(alone, trust); err == nil {
		t.Error("a witness alone stands for the log")
	}
	next := audittest.NewKey(t, audittest.Origin) // the log's keys may change
	trust.Log = append(next.Trust.Log, trust.Log...)
	if got, err := audit.OpenCheckpoint(signed, trust); err != nil || got.Log.Hash != key.Signer.KeyHash() {
		t.Errorf("two keys of the log: %+v, %v", got, err)
	}
}

func TestGenerateKeyRefusesBadOrigins(t *testing.T) {
	for _, origin := range []string{"", "a b", "a+b", "a\nb", "\xff"} {
		if _, _, err := audit.GenerateKey(zeroes{}, origin); err == nil {
			t.Errorf("%q is an origin", origin)
		}
	}
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func FuzzOpenCheckpoint(f *testing.F) {
	signer, _ := audit.NewSigner(goldenSigner)
	verifier, err := audit.NewVerifier(goldenVerifier)
	if err != nil {
		f.Fatal(err)
	}
	trust := audit.Trust{Log: []note.Verifier{verifier}, Extensions: true}
	for _, text := range []string{"PeterNeumann\n0\n" + audit.EmptyRoot().String() + "\n", "PeterNeumann\n1\n" + audit.Hash{}.String() + "\nx\n"} {
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed, false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, msg []byte, sign bool) {
		if sign { // else the signature stops nearly everything
			signed, err := note.Sign(&note.Note{Text: string(msg)}, signer)
			if err != nil {
				return
			}
			msg = signed
		}
		c, err := audit.OpenCheckpoint(msg, trust)
		if err != nil {
			return
		}
		again := c.Text() + strings.Join(append(c.Extensions, ""), "\n") + "\n"
		if !strings.HasPrefix(string(msg), again) {
			t.Fatalf("%q reads back as %q", msg, again)
		}
	})
}

func keeper(t *testing.T) audit.FileKeeper {
	return audit.FileKeeper{Path: filepath.Join(t.TempDir(), "checkpoint")}
}

func TestKeeperComparesAndSwaps(t *testing.T) {
	k := keeper(t)
	if have, err := k.Load(); have != nil || err != nil {
		t.Fatalf("a new keeper holds %q, %v", have, err)
	}
	step := func(old, next string, want bool) {
		t.Helper()
		var was []byte
		if old != "" {
			was = []byte(old)
		}
		err := k.Replace(was, []byte(next))
		if (err == nil) != want || (err != nil && next != "" && fault.KindOf(err) != fault.Conflict) {
			t.Errorf("%q to %q: %v", old, next, err)
		}
	}
	step("x", "a", false)
	step("", "a", true)
	step("", "b", false)
	step("x", "b", false)
	step("a", "", false)
	step("a", "b", true)
	step("a", "c", false)
	if have, err := k.Load(); string(have) != "b" || err != nil {
		t.Errorf("holds %q, %v", have, err)
	}
	if err := os.WriteFile(k.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	step("", "c", false) // an emptied file is not a keeper that never held anything
}

// C6: of many that sign at once, one wins each round.
func TestKeeperLetsOneWin(t *testing.T) {
	k := keeper(t)
	const writersCount, rounds = 8, 20
	old := []byte(nil)
	for round := range rounds {
		var wg sync.WaitGroup
		won := make(chan []byte, writersCount)
		for i := range writersCount {
			wg.Go(func() {
				next := []byte{'a' + byte(i), byte(round)}
				if err := k.Replace(old, next); err == nil {
					won <- next
				} else if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d have won", len(won))
		}
		old = <-won
		if have, err := k.Load(); err != nil || !bytes.Equal(have, old) {
			t.Fatalf("holds %q, %v", have, err)
		}
	}
}

func TestSigningRule(t *testing.T) {
	ctx := context.Background()
	key := audittest.NewKey(t, audittest.Origin)
	k := keeper(t)
	log := audittest.NewLog(key)
	log.Append(t)
	sign := func(l *audittest.Log) ([]byte, error) {
		return audit.SignNext(ctx, k, l.Reader(), l.Checkpoint(), key.Trust, key.Signer)
	}
	_, err := sign(log)
	wantBreach(t, err, audit.Rollback) // a keeper that lost its file allows nothing
	if _, err := audit.SignFirst(k, key.Signer); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.SignFirst(k, key.Signer); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a log begins twice: %v", err)
	}
	var last []byte
	var before *audittest.Log
	for _, step := range [][2]int{{0, 0}, {0, 1}, {1, 300}, {300, 300}, {300, 65600}} {
		before = log.Clone()
		log.Append(t, audittest.Events(t, step[0], step[1])...)
		if last, err = sign(log); err != nil {
			t.Fatalf("%v: %v", step, err)
		}
		if kept, _ := k.Load(); !bytes.Equal(kept, last) {
			t.Fatalf("%v: the keeper does not hold what was signed", step)
		}
	}
	if again, err := sign(log); err != nil || !bytes.Equal(again, last) {
		t.Errorf("signing the same again: %v", err)
	}
	_, err = sign(before)
	wantBreach(t, err, audit.Rollback)

	fork := log.Clone()
	rebuild(key, editEntry(t, 65599))(t, fork)
	_, err = sign(fork)
	wantBreach(t, err, audit.Fork)
	fork.Append(t, audittest.Events(t, 65600, 66000)...)
	_, err = sign(fork)
	wantBreach(t, err, audit.Fork)

	foreign := log.Checkpoint()
	foreign.Origin = "other.example/audit"
	wantBreach(t, audit.MaySign(ctx, log.Reader(), log.Checkpoint(), foreign), audit.Fork)
	if kept, _ := k.Load(); !bytes.Equal(kept, last) {
		t.Error("a refusal has changed what the keeper holds")
	}

	stranger := audittest.NewKey(t, audittest.Origin)
	if _, err := audit.SignNext(ctx, k, log.Reader(), log.Checkpoint(), stranger.Trust, stranger.Signer); err == nil {
		t.Error("what another key signed is taken for the last checkpoint")
	}
}

// A keeper that another process has overtaken keeps this one from signing.
func TestSigningLosesTheRace(t *testing.T) {
	ctx := context.Background()
	log := audittest.NewLog(audittest.NewKey(t, audittest.Origin))
	log.Append(t)
	k := overtaken{keeper(t), nil}
	first, err := audit.SignFirst(k.FileKeeper, log.Signer)
	if err != nil {
		t.Fatal(err)
	}
	k.stale = first
	log.Append(t, audittest.Events(t, 0, 5)...)
	if _, err := audit.SignNext(ctx, k.FileKeeper, log.Reader(), log.Checkpoint(), log.Trust, log.Signer); err != nil {
		t.Fatal(err)
	}
	log.Append(t, audittest.Events(t, 5, 9)...)
	got, err := audit.SignNext(ctx, k, log.Reader(), log.Checkpoint(), log.Trust, log.Signer)
	if fault.KindOf(err) != fault.Conflict || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

type overtaken struct {
	audit.FileKeeper
	stale []byte
}

func (o overtaken) Load() ([]byte, error) { return o.stale, nil }
