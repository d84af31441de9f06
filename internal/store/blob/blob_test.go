package blob_test

import (
	"testing"

	"lerd/internal/store/blob"
	"lerd/internal/store/blob/blobtest"
)

func TestFolder(t *testing.T) { blobtest.Run(t, blob.Folder{Dir: t.TempDir()}) }
