package tsp

import (
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// readOptional reads what may follow the time: how exact it is, whether tokens are
// ordered, the nonce, the authority's name, extensions.
func readOptional(body cryptobyte.String, info *Info) error {
	if err := readAccuracy(&body, info); err != nil {
		return err
	}
	body.SkipOptionalASN1(cbasn1.BOOLEAN) // ordering
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		info.Nonce = new(big.Int)
		if !body.ReadASN1Integer(info.Nonce) {
			return malformed("its nonce cannot be read")
		}
	}
	body.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) // tsa
	var extensions cryptobyte.String
	var has bool
	if !body.ReadOptionalASN1(&extensions, &has, cbasn1.Tag(1).Constructed().ContextSpecific()) || !body.Empty() {
		return malformed("something unknown follows its fields")
	}
	return checkExtensions(extensions)
}

// readAccuracy reads seconds, thousandths [0] and millionths [1] of one, each optional.
func readAccuracy(body *cryptobyte.String, info *Info) error {
	if !body.PeekASN1Tag(cbasn1.SEQUENCE) {
		return nil
	}
	var accuracy cryptobyte.String
	var seconds, millis, micros int64
	ok := body.ReadASN1(&accuracy, cbasn1.SEQUENCE)
	if ok && accuracy.PeekASN1Tag(cbasn1.INTEGER) {
		ok = accuracy.ReadASN1Integer(&seconds) && seconds >= 0 && seconds <= int64(365*24*time.Hour/time.Second)
	}
	ok = ok && readFraction(&accuracy, 0, &millis) && readFraction(&accuracy, 1, &micros)
	if !ok || !accuracy.Empty() {
		return malformed("how exact its time is cannot be read")
	}
	info.Accuracy = time.Duration(seconds)*time.Second + time.Duration(millis)*time.Millisecond + time.Duration(micros)*time.Microsecond
	return nil
}

// readFraction reads an implicitly tagged number from 1 to 999, where there is one.
func readFraction(s *cryptobyte.String, n uint8, out *int64) bool {
	tag := cbasn1.Tag(n).ContextSpecific()
	if !s.PeekASN1Tag(tag) {
		return true
	}
	return s.ReadASN1Int64WithTag(out, tag) && *out >= 1 && *out <= 999
}

// checkExtensions refuses a token with a critical extension: none is known here.
func checkExtensions(list cryptobyte.String) error {
	for !list.Empty() {
		var ext, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		ok := list.ReadASN1(&ext, cbasn1.SEQUENCE) && ext.ReadASN1ObjectIdentifier(&oid)
		if ok && ext.PeekASN1Tag(cbasn1.BOOLEAN) {
			ok = ext.ReadASN1Boolean(&critical)
		}
		if !ok || !ext.ReadASN1(&value, cbasn1.OCTET_STRING) || !ext.Empty() {
			return malformed("an extension cannot be read")
		}
		if critical {
			return fault.New(fault.Invalid, "The time stamp has a critical extension that is not understood (%s).", oid)
		}
	}
	return nil
}
