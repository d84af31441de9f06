package web

import (
	"bytes"
	"testing"

	"lerd/bundle"
)

func TestSchemasAreServedAtFixedAddresses(t *testing.T) {
	st := newSite(t, nil)
	for _, name := range bundle.SchemaNames {
		want, err := bundle.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		w := st.do(call{path: "/schema/1/" + name})
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s: %d, %d octets", name, w.Code, w.Body.Len())
		}
	}
	if w := st.do(call{path: "/schema/1/other.json"}); w.Code != 404 {
		t.Errorf("a schema that is not there answers %d", w.Code)
	}
}
