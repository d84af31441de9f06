package audit_test

// The golden checkpoint's root and signature, frozen.
const (
	goldenRoot      = "LjKrDVhqK0Trv8FNvfXJENgfBwgDcI3iNKDK2Y2T4B0="
	goldenSignature = "x08gozTliCDheJahfgIppTydhHYBPEaqYqMPJSG6+OcRU4lp9wTIaWLw5sn14HKssjUbaGKsHA4Bqkge06wNiFgHYg4="
)
