package main

import (
	"fmt"
	"strings"
	"testing"

	"bonafide/issuer"
)

func TestImportIsSummedUp(t *testing.T) {
	rep := issuer.ImportReport{Bad: 5, Counts: []issuer.ActCount{
		{Act: issuer.KindStatus, To: "suspended", State: "waiting_for_approval", Rows: 3},
		{Act: issuer.KindRenew, State: "done", Rows: 12},
		{Act: issuer.KindStatus, To: "inactive", State: "done", Rows: 1},
		{Act: issuer.KindReplace, State: "waiting_for_approval", Rows: 1},
		{Act: issuer.KindStatus, To: "revoked", State: "waiting_for_approval", Rows: 2},
	}}
	got := fmt.Sprint(strings.Join(importSummary(&rep), ", "))
	const want = "12 renewals, 1 change to inactive, 3 suspensions wait for approval, 1 replacement waits for approval, 2 revocations wait for approval, 5 rows wrong"
	if got != want {
		t.Errorf("%s", got)
	}
	if s := importSummary(&issuer.ImportReport{Bad: 3}); len(s) != 0 {
		t.Errorf("%q", s)
	}
}
