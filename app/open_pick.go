package app

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// picker chooses several files of a folder; Fyne's own dialog takes one.
type picker struct {
	s      *shell
	dir    fyne.ListableURI
	rows   []fyne.URI // folders first
	names  []string   // as they are shown
	isDir  []bool
	chosen map[string]fyne.URI

	d     *dialog.CustomDialog
	list  *widget.List
	where *widget.Label
	open  *push
}

// keptFolder is the folder that files were taken from last.
const keptFolder = "folder"

// maxRows bounds how much of a folder is shown.
const maxRows = 5000

func (s *shell) pickFiles(what string, take func([]model.File)) {
	p := &picker{s: s, chosen: map[string]fyne.URI{}, where: wrapped("")}
	p.list = widget.NewList(func() int { return len(p.rows) }, func() fyne.CanvasObject {
		l := widget.NewLabel("")
		l.Truncation = fyne.TextTruncateEllipsis
		return container.NewBorder(nil, nil, container.NewHBox(widget.NewIcon(theme.FileIcon())), nil, l)
	}, p.row)
	p.list.OnSelected = p.choose
	p.open = newPrimary("", theme.FolderOpenIcon(), func() {
		var uris []fyne.URI
		for _, u := range p.chosen {
			uris = append(uris, u)
		}
		slices.SortFunc(uris, func(a, b fyne.URI) int { return cmp.Compare(a.Path(), b.Path()) })
		p.d.Hide()
		s.app.Preferences().SetString(keptFolder, p.dir.String())
		take(filesOf(uris))
	})
	up := newButton(s.words.L("Folder above"), theme.MoveUpIcon(), p.up)
	all := newButton(s.words.L("All of this folder"), theme.ListIcon(), p.all)
	homes := newButton(s.words.L("Home folder"), theme.HomeIcon(), func() { p.enter(homeFolder()) })
	p.d = dialog.NewCustomWithoutButtons(what, container.NewBorder(
		container.NewVBox(buttons(s, up, homes, all), p.where), nil, nil, nil, p.list), s.window)
	p.d.SetButtons([]fyne.CanvasObject{newButton(s.words.L("Cancel"), theme.CancelIcon(), p.d.Hide), p.open})
	p.count()
	last, err := storage.ParseURI(s.app.Preferences().String(keptFolder))
	if err != nil || !p.enter(last) {
		p.enter(homeFolder())
	}
	s.ask(p.d, s.most())
}

func homeFolder() fyne.URI {
	dir, err := userHome()
	if err != nil {
		dir = "."
	}
	return storage.NewFileURI(dir)
}

// enter shows a folder.
func (p *picker) enter(u fyne.URI) bool {
	dir, err := storage.ListerForURI(u)
	if err != nil {
		return false
	}
	all, err := dir.List()
	if err != nil {
		return false
	}
	type row struct {
		u     fyne.URI
		name  string
		isDir bool
	}
	var rows []row
	for _, u := range all {
		if name := u.Name(); !strings.HasPrefix(name, ".") {
			isDir, err := storage.CanList(u)
			rows = append(rows, row{u, model.FileName(name), err == nil && isDir})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if a.isDir != b.isDir {
			if a.isDir {
				return -1
			}
			return 1
		}
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	rows = rows[:min(len(rows), maxRows)]
	p.dir, p.rows, p.names, p.isDir = dir, nil, nil, nil
	for _, r := range rows {
		p.rows, p.names, p.isDir = append(p.rows, r.u), append(p.names, r.name), append(p.isDir, r.isDir)
	}
	p.where.SetText(model.Plain(dir.Path()))
	p.list.UnselectAll()
	p.list.Refresh()
	p.list.ScrollToTop()
	return true
}

func (p *picker) up() {
	if u, err := storage.Parent(p.dir); err == nil {
		p.enter(u)
	}
}

// row draws a file: a mark where it is chosen.
func (p *picker) row(i widget.ListItemID, o fyne.CanvasObject) {
	if i >= len(p.rows) {
		return
	}
	box := o.(*fyne.Container)
	box.Objects[0].(*widget.Label).SetText(p.names[i])
	var icon fyne.Resource
	switch _, chosen := p.chosen[p.rows[i].String()]; {
	case p.isDir[i]:
		icon = theme.FolderIcon()
	case chosen:
		icon = theme.CheckButtonCheckedIcon()
	default:
		icon = theme.CheckButtonIcon()
	}
	box.Objects[1].(*fyne.Container).Objects[0].(*widget.Icon).SetResource(icon)
}

// choose enters a folder, or chooses a file or takes the choice back.
func (p *picker) choose(i widget.ListItemID) {
	p.list.Unselect(i)
	if i >= len(p.rows) {
		return
	}
	if p.isDir[i] {
		p.enter(p.rows[i])
		return
	}
	key := p.rows[i].String()
	if _, ok := p.chosen[key]; ok {
		delete(p.chosen, key)
	} else {
		p.chosen[key] = p.rows[i]
	}
	p.count()
	p.list.RefreshItem(i)
}

// all chooses every file of the folder, as where each holds one code of a
// sequence; where they are chosen already it takes that back.
func (p *picker) all() {
	var files []fyne.URI
	for i, u := range p.rows {
		if !p.isDir[i] {
			files = append(files, u)
		}
	}
	chosen := !slices.ContainsFunc(files, func(u fyne.URI) bool { _, ok := p.chosen[u.String()]; return !ok })
	for _, u := range files {
		if chosen {
			delete(p.chosen, u.String())
		} else {
			p.chosen[u.String()] = u
		}
	}
	p.count()
	p.list.Refresh()
}

// count says how many files are chosen.
func (p *picker) count() {
	n := len(p.chosen)
	if n == 0 {
		p.open.SetText(p.s.words.L("Open"))
		p.open.Disable()
		return
	}
	p.open.SetText(p.s.words.N("Open {{.N}} files", n))
	p.open.Enable()
}

// textFile is pasted text as a file.
func textFile(text string) model.File {
	return model.File{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}
