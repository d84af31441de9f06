package requests

// DocumentBlob names the bytes of an order's document.
func DocumentBlob(id DocumentID) string { return blobOf(id) }
