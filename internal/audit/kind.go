package audit

import "bytes"

// KindOf gives the kind of an entry in canonical form without reading the rest.
// Of anything else it gives something or nothing; ParseEntry judges what is kept.
//
// The id stands behind the facts, and the kind behind the id. No string holds a
// quote that is not escaped, so the brace and the key before the id are where they
// seem to be, and no other object is followed by an id.
func KindOf(entry []byte) []byte {
	const id, key = len(Nonce{})*2 + 4, `","kind":"` // a UUID
	_, rest, _ := bytes.Cut(entry, []byte(`},"id":"`))
	if len(rest) < id || !bytes.HasPrefix(rest[id:], []byte(key)) {
		return nil
	}
	kind, _, _ := bytes.Cut(rest[id+len(key):], []byte{'"'})
	return kind
}
