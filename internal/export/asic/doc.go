// Package asic writes and reads the container of a bundle: an ASiC-E zip that
// is a BagIt bag when unzipped. It knows files, digests and manifests, and
// nothing of what the files mean.
//
// Invariants:
//   - what is written is the same octet for octet for the same parts and time;
//   - what is read has each octet of the file accounted for: entries lie one
//     after the other from the first octet, local and central headers agree,
//     nothing lies between, before or behind them;
//   - no name leads outside the folder, and no two names are alike but for case;
//   - reading is bounded: number of entries, sizes and ratio.
//
// SPEC: ETSI EN 319 162-1, RFC 8493 (BagIt 1.0), PKWARE APPNOTE 6.3.
package asic

import (
	"strings"

	"lerd/internal/fault"
)

// Names of the container's own files.
const (
	MediaType     = "application/vnd.etsi.asic-e+zip"
	MimetypeName  = "mimetype"
	ManifestName  = "META-INF/ASiCManifest001.xml"
	SignatureName = "META-INF/signature001.p7s"
	BagItName     = "bagit.txt"
	BagInfoName   = "bag-info.txt"
	BagManifest   = "manifest-sha256.txt"
	TagManifest   = "tagmanifest-sha256.txt"
	Comment       = "mimetype=" + MediaType
)

// CheckName tells whether a name may stand in a container: ASCII letters,
// digits, dot, dash and underline, in segments that are neither empty nor dots, and
// that mean on Windows what they mean elsewhere.
func CheckName(name string) error {
	if name == "" || len(name) > 200 {
		return fault.New(fault.Invalid, "A file name in the container must have 1 to 200 characters.")
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-/", c) >= 0) {
			return fault.New(fault.Invalid, "The file name %q has a character other than A-Z a-z 0-9 . _ - /.", name)
		}
	}
	for seg := range strings.SplitSeq(name, "/") {
		if seg == "" || seg == "." || seg == ".." {
			return fault.New(fault.Invalid, "The file name %q leads outside the container or is a folder.", name)
		}
		if base, _, _ := strings.Cut(strings.ToLower(seg), "."); strings.HasSuffix(seg, ".") || devices[base] {
			return fault.New(fault.Invalid, "The file name %q is another on Windows, or a device there.", name)
		}
	}
	return nil
}

// devices are names that Windows keeps for itself, with any ending.
var devices = func() map[string]bool {
	m := map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}
	for n := '1'; n <= '9'; n++ {
		m["com"+string(n)], m["lpt"+string(n)] = true, true
	}
	return m
}()
