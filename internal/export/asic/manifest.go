package asic

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"lerd/internal/fault"
)

// MaxManifest is the size of the largest manifest that is read, in octets.
const MaxManifest = 1 << 20

// Object is one file that the signature covers.
type Object struct {
	Name      string
	MediaType string
	Root      bool // the document to begin with
	SHA256    [sha256.Size]byte
}

const digestURI = "http://www.w3.org/2001/04/xmlenc#sha256"

// FormatManifest writes ASiCManifest001.xml. Names need no percent encoding:
// CheckName lets only unreserved characters through. SPEC: EN 319 162-1 §A.4.
func FormatManifest(objects []Object) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<ASiCManifest xmlns="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + "\n" +
		`  <SigReference URI="` + SignatureName + `" MimeType="application/pkcs7-signature"/>` + "\n")
	for _, o := range objects {
		root := ""
		if o.Root {
			root = ` Rootfile="true"`
		}
		fmt.Fprintf(&b, "  <DataObjectReference URI=%q MimeType=%q%s>\n"+
			"    <ds:DigestMethod Algorithm=%q/>\n    <ds:DigestValue>%s</ds:DigestValue>\n  </DataObjectReference>\n",
			o.Name, o.MediaType, root, digestURI, base64.StdEncoding.EncodeToString(o.SHA256[:]))
	}
	b.WriteString("</ASiCManifest>\n")
	return b.Bytes()
}

type xmlManifest struct {
	XMLName xml.Name    `xml:"http://uri.etsi.org/02918/v1.2.1# ASiCManifest"`
	Objects []xmlObject `xml:"http://uri.etsi.org/02918/v1.2.1# DataObjectReference"`
}

type xmlObject struct {
	URI       string `xml:"URI,attr"`
	MediaType string `xml:"MimeType,attr"`
	Root      string `xml:"Rootfile,attr"`
	Method    struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"http://www.w3.org/2000/09/xmldsig# DigestMethod"`
	Value string `xml:"http://www.w3.org/2000/09/xmldsig# DigestValue"`
}

// ParseManifest reads a manifest and refuses every form but the one that
// FormatManifest writes, so that the XML can be read in one way only.
func ParseManifest(b []byte) ([]Object, error) {
	if len(b) > MaxManifest {
		return nil, fault.New(fault.TooLarge, "The signed manifest is larger than %d octets.", MaxManifest)
	}
	var m xmlManifest
	if err := xml.Unmarshal(b, &m); err != nil {
		return nil, fault.Because(fault.Invalid, err, "The signed manifest is not well-formed XML of its schema.")
	}
	var objects []Object
	seen := map[string]bool{}
	for _, x := range m.Objects {
		o, err := x.object()
		if err != nil {
			return nil, err
		}
		if seen[o.Name] {
			return nil, fault.New(fault.Invalid, "The signed manifest lists %q twice.", o.Name)
		}
		seen[o.Name] = true
		objects = append(objects, o)
	}
	if !bytes.Equal(FormatManifest(objects), b) {
		return nil, fault.New(fault.Invalid, "The signed manifest is not in its one canonical form.")
	}
	return objects, nil
}

func (x xmlObject) object() (Object, error) {
	o := Object{Name: x.URI, MediaType: x.MediaType, Root: x.Root == "true"}
	if err := CheckName(o.Name); err != nil {
		return o, err
	}
	if x.Method.Algorithm != digestURI {
		return o, fault.New(fault.Invalid, "The signed manifest gives %q under the digest %q; it must be SHA-256.", o.Name, x.Method.Algorithm)
	}
	if strings.ContainsFunc(o.MediaType, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>&\'`, r) }) {
		return o, fault.New(fault.Invalid, "The media type of %q has characters that do not belong there.", o.Name)
	}
	sum, err := base64.StdEncoding.Strict().DecodeString(x.Value)
	if err != nil || len(sum) != sha256.Size {
		return o, fault.New(fault.Invalid, "The digest of %q in the signed manifest is not 32 octets in base64.", o.Name)
	}
	o.SHA256 = [sha256.Size]byte(sum)
	return o, nil
}

// FormatBag writes a BagIt manifest, which is also what `sha256sum -c` reads,
// in the order of names. SPEC: RFC 8493 §2.1.3.
func FormatBag(parts []Part) []byte {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	for _, p := range parts {
		fmt.Fprintf(&b, "%x  %s\n", p.SHA256, p.Name)
	}
	return b.Bytes()
}

// ParseBag reads what FormatBag writes: names in order, none twice.
func ParseBag(text []byte) (map[string][sha256.Size]byte, error) {
	out := map[string][sha256.Size]byte{}
	var parts []Part
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := hex.DecodeString(sum)
		if !ok || err != nil || len(raw) != sha256.Size || CheckName(name) != nil {
			return nil, fault.New(fault.Invalid, "A line of the bag manifest is not a SHA-256 digest, two spaces and a file name.")
		}
		out[name] = [sha256.Size]byte(raw)
		parts = append(parts, Part{Name: name, SHA256: out[name]})
	}
	if len(out) != len(parts) || !bytes.Equal(FormatBag(parts), text) {
		return nil, fault.New(fault.Invalid, "The bag manifest is not in its one canonical form.")
	}
	return out, nil
}
