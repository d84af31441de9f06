package orderdoc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/ordersample"
)

func TestTextOfAnOrder(t *testing.T) {
	r, err := orderdoc.FindRenderer()
	if err != nil {
		t.Fatal(err)
	}
	b, err := ordersample.PDF(ordersample.Order{Authority: "Amtsgericht Musterstadt", Address: "akte@ag-musterstadt.example", Number: "12 Gs 34/26", CaseFile: "12 Js 1",
		Issued: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Judge: "Beispiel", Offence: "Betrug", Facts: "Gründe", From: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC),
		To: time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC), Zone: "Europe/Berlin", Addressee: "Sample Messenger"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Text(context.Background(), b)
	if err != nil || !strings.Contains(text, "akte@ag-musterstadt.example") || !strings.Contains(text, "12 Gs 34/26") {
		t.Errorf("%v, text %q", err, text)
	}
	if _, err := r.Text(context.Background(), []byte("no PDF")); err == nil {
		t.Error("what is no document has a text")
	}
}
