package requests

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"lerd/internal/legal"
)

// sectionsOf writes a form section by section: of Annex III by its letters, else
// a letter with the same contents.
// LAW: Regulation (EU) 2023/1543, Annex III, sections A to H.
func sectionsOf(form string, c Case, p *legal.Process, reason string, w written) []Section {
	q := c.Request
	about := []string{p.Title + " (" + string(p.ID) + ")", "Number of the order: " + orNone(q.Order.Number), "Issued on: " + dateOrNone(q.Order.IssuedOn),
		"Received on: " + q.ReceivedAt.UTC().Format("2006-01-02 15:04 UTC")}
	authority := []string{c.Agency.Name + " (" + c.Agency.Country + ")", "Issuing authority: " + orNone(q.Order.IssuerName), "File number: " + orNone(q.Order.Number)}
	addressee := []string{orNone(q.Order.Addressee), "Our file number: " + q.Ref}
	kept := []string{keptWords(w)}
	contact := []string{orNone(w.contact), "Or through the portal, under " + q.Ref + "."}
	if form == GeneralForm {
		return []Section{{"The demand", about}, {"The authority", authority}, {"The addressee", addressee}, {"Objection", textLines(w.why, w.conflict)},
			{"Whether the data are kept", kept}, {"Contact", contact}}
	}
	return []Section{
		{"A. Certificate concerned", about},
		{"B. Authorities", authority},
		{"C. Addressee", addressee},
		{"D. Reasons for not executing", append([]string{reasonWords[reason]}, textLines(w.why)...)},
		{"E. Conflicting obligations under the law of a third country", textLines(orText(w.conflict, "Not relied on."))},
		{"F. Clarification that is requested", []string{"None beside the above."}},
		{"G. Preservation", kept},
		{"H. Contact", contact},
	}
}

// reasonWords are the reasons of Annex III in words.
var reasonWords = map[string]string{
	"Incomplete":              "The certificate is incomplete.",
	"ManifestErrors":          "The certificate contains manifest errors.",
	"InsufficientInformation": "The certificate does not contain sufficient information.",
	"DataNotHeld":             "The data were not stored by or on behalf of the service provider when the certificate was received.",
	"DeFactoImpossibility":    "There is a de facto impossibility that cannot be attributed to the addressee.",
	"InvalidIssuingAuthority": "The order was not issued or validated by an authority as specified in Article 4.",
	"OffenceNotCovered":       "The order was not issued for an offence that is covered by Article 5(4).",
	"ServiceNotCovered":       "The service is not covered by the Regulation.",
	"ImmunitiesOrPrivileges":  "The data are protected by immunities or privileges, or by rules on freedom of the press or of expression.",
	"ConflictOfLaw":           "Compliance would conflict with the law of a third country (Article 17).",
	NoReason:                  "None of the reasons of this form is relied on; the addressee raises the following with the issuing authority.",
}

func keptWords(w written) string {
	switch w.kept {
	case "kept":
		return "The data are preserved until " + w.till.Format(time.DateOnly) + "."
	case "not_identifiable":
		return "The data are not preserved: they could not be identified."
	}
	return "The data are not preserved under this demand."
}

func textLines(texts ...string) (out []string) {
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

func orNone(s string) string { return orText(s, "not stated") }

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func dateOrNone(t time.Time) string {
	if t.IsZero() {
		return "not stated"
	}
	return fmt.Sprintf("%04d-%02d-%02d", t.Year(), t.Month(), t.Day())
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
