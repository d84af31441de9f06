// Package sampling draws samples of cases that nobody could foresee and anybody
// can draw again. It is pure: the log's records go in, the sample comes out. It
// knows no database, so that the stand-alone verifier has it too.
//
// A plan says, before its seed exists, which cases are meant, how they are put
// into strata and how many are drawn of each; the digest of its population is in
// the plan's event. The seed is the root of the log at a size that it did not have
// then, with the cosignatures of witnesses where the plan asks for them. From
// there on nothing is chosen:
//
//	seed    = SHA-256("lerd sample seed v1\n" ‖ plan event ‖ "\n" ‖ size ‖ "\n" ‖ root in hexadecimal ‖ "\n" ‖ {cosignature line ‖ "\n"})
//	block i = SHA-256(seed ‖ 0x00 ‖ stratum ‖ 0x00 ‖ i as 8 octets, big-endian), i from 0
//	numbers = the four 8-octet big-endian numbers of block 0, then those of block 1, …
//	below n = the next number that is smaller than 2^64 − (2^64 mod n), modulo n
//
// The members of a stratum that are not always taken stand in the order of their
// ids; of k members to draw, for i = 0 … k−1 the member at i changes places with
// the one at i + below(length − i), and the first k are drawn (Fisher–Yates).
// Emergencies and sensitive cases are always taken.
package sampling
