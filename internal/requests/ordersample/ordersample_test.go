package ordersample_test

import (
	"bytes"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/ordersample"
)

func order() ordersample.Order {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	return ordersample.Order{
		Authority: "Amtsgericht Musterstadt", Address: "Gerichtsstraße 1, 00000 Musterstadt", Number: "7 Gs 123/26",
		CaseFile: "101 Js 4567/26", Issued: at, Judge: "Dr. Specimen, judge at the local court", Offence: "Fraud, section 263 StGB",
		Facts: "The holder of the account offered goods that did not exist.", Targets: []string{"phone number +44 7700 900123"},
		From: at.AddDate(0, -1, 0), To: at, Zone: "Europe/Berlin", Data: []string{"phone numbers", "IP addresses with source port and time"},
		Addressee: "The platform",
	}
}

func TestPDFIsTakenIn(t *testing.T) {
	one, err := ordersample.PDF(order())
	if err != nil {
		t.Fatal(err)
	}
	two, _ := ordersample.PDF(order())
	if !bytes.Equal(one, two) {
		t.Error("the same order made other bytes")
	}
	doc, err := orderdoc.CheckBytes(t.Context(), one, orderdoc.Upload{FileName: "order.pdf", DeclaredType: "application/pdf"}, orderdoc.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if doc.Pages != 1 || doc.Revisions != 1 || doc.Signatures != 0 || doc.Size != int64(len(one)) {
		t.Errorf("%+v", doc)
	}
}

func TestPDFRefuses(t *testing.T) {
	o := order()
	o.Authority = "Сорт"
	if _, err := ordersample.PDF(o); fault.KindOf(err) != fault.Invalid {
		t.Errorf("letters that the fonts lack: %v", err)
	}
	o = order()
	o.Zone = ""
	if _, err := ordersample.PDF(o); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no zone: %v", err)
	}
}
