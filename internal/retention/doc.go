// Package retention erases what is personal when its time has come: classes say
// what and when, legal holds keep a case whole, and the log says what was erased.
//
// Invariants:
//   - nothing is erased before its term, and nothing of a case that is held; the
//     database asks for the same again;
//   - an erasure is an event in every stream that it empties: rows are emptied
//     under it, so that the replay of the log finds them as written last, and
//     what opened the commitments of earlier events goes;
//   - files go after the rows; a job that was stopped between goes on.
//
// LAW: Regulation (EU) 2016/679 Art. 5(1)(e), Art. 17.
package retention
