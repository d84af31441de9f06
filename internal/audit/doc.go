// Package audit is the audit log without its database: what an event is, how it
// becomes an entry, how entries form a tree, how the tree is published and
// signed, and how anyone can verify all of that.
//
// It is written to be read and trusted alone. It imports nothing of lerd's but
// fault, so that the verifier has no way to reach the system that it judges.
//
// Invariants:
//   - an event has exactly one entry and an entry exactly one meaning: every
//     parser refuses all forms but the canonical one;
//   - no personal data enter an entry: what may be personal is there as a salted
//     commitment, and the salt lies beside the log, where it can be destroyed;
//   - full tiles and bundles never change once they are written, and nothing here
//     overwrites one with other contents;
//   - a checkpoint is signed only if the tree is the last signed one or has grown
//     out of it, by the memory of a keeper outside the database;
//   - a verifier answers "verified" only for what it has recomputed from the
//     entries themselves, and names the first thing that differs.
//
// Formats: RFC 6962 tree hashes; C2SP tlog-tiles, tlog-checkpoint, signed-note
// and tlog-proof. docs/audit-log.md tells how to verify a log with this package
// and with tools that lerd's authors did not write.
package audit
