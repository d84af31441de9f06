package export

// custodyJSON is data/custody.json: the chain of custody as a file of its own.
// SPEC: ISO/IEC 27037 §6.1; NIST SP 800-86 §3.1.2.
type custodyJSON struct {
	Schema     string        `json:"schema"`
	ExportID   string        `json:"export_id"`
	RequestRef string        `json:"request_ref"`
	LogOrigin  string        `json:"log_origin"`
	Copy       Copy          `json:"copy"`
	Steps      []Custody     `json:"steps"`
	Files      []custodyFile `json:"files"`
}

type custodyFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// custody writes the custody record: the steps of export.json, and the records
// that were in custody by their digests.
func (st *stager) custody(h Header, records []staged) error {
	doc := custodyJSON{SchemaCustody, h.ExportID, h.Request.Ref, h.Audit.LogOrigin, h.Copy, h.Custody, []custodyFile{}}
	for _, f := range records {
		doc.Files = append(doc.Files, custodyFile{f.Name, f.Size, hexOf(f.SHA256)})
	}
	b, err := marshalPlain(doc)
	if err != nil {
		return err
	}
	return st.add("data/custody.json", "application/json", b)
}
