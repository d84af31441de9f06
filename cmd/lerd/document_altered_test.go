package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/oversight/dossier"
	"lerd/internal/requests"
)

// TestAnOrderThatIsNoLongerTheOneSentIsShownToNobody puts another order's file in the place
// of a case's, as whoever writes to the files can, and takes one away. The digest in the log
// is that of the order that was sent.
func TestAnOrderThatIsNoLongerTheOneSentIsShownToNobody(t *testing.T) {
	s := newScenario(t)
	q, other := s.submit("IN/94/2026/7101"), s.submit("IN/94/2026/7102")
	s.sequenceAll()
	s.indexed()
	reviewer := s.as("rita.lind")
	file := s.cfg.path("blobs", requests.DocumentBlob(s.load(q.ID).Document.ID))
	order, err := os.ReadFile(file)
	s.must(err)
	forged := bytes.Replace(order, []byte("%%EOF"), []byte("%%EOF\n% 1"), 1)
	if bytes.Equal(forged, order) {
		t.Fatal("the order was not changed")
	}
	s.must(os.WriteFile(file, forged, 0o600))
	for who, open := range map[string]func() (io.ReadCloser, error){
		"the reviewer": func() (io.ReadCloser, error) { _, b, err := s.cases.OpenDocument(reviewer, q.ID); return b, err },
		"the officer": func() (io.ReadCloser, error) {
			_, b, err := s.cases.OpenDocument(s.as("asha.rao"), q.ID)
			return b, err
		},
	} {
		if _, err := open(); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "tell the auditors") {
			t.Errorf("%s opens a forged order: %v", who, err)
		}
	}
	if _, _, err := s.cases.OpenDocument(reviewer, other.ID); err != nil {
		t.Errorf("another case's order: %v", err)
	}
	s.sequenceAll()
	s.indexed()
	name := func() (string, []byte, error) { return s.oversight.MakeDossier(s.as("ines.moreau"), q.ID) }
	_, packed, err := name()
	s.must(err)
	if text, err := s.checkDossier(packed); err != nil || !strings.Contains(text, "1 not in it: no longer the file that was uploaded") {
		t.Errorf("the dossier: %v\n%s", err, text)
	}
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	s.must(err)
	var head dossier.Head
	s.must(json.Unmarshal(readFile(t, z, dossier.HeadName), &head))
	if head.Documents[0].Withheld != dossier.Altered {
		t.Errorf("its head says %+v", head.Documents)
	}
	s.must(os.Remove(file))
	if _, packed, err = name(); err != nil {
		t.Fatal(err)
	}
	if text, err := s.checkDossier(packed); err == nil || !strings.Contains(err.Error(), "no erasure among the events says so") {
		t.Errorf("an order that is gone: %v\n%s", err, text)
	}
	s.must(os.WriteFile(file, order, 0o600))
	if _, _, err := s.cases.OpenDocument(reviewer, q.ID); err != nil {
		t.Errorf("the order that was sent: %v", err)
	}
}
