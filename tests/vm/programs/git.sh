# Git and SQLite: locks, renames, memory maps, many small children. The same lines on the host.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME=/tmp PAGER=cat
export GIT_AUTHOR_DATE='2020-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2020-01-01 00:00:00 +0000'
d=$(mktemp -d); cd "$d" || exit 1
git init -q -b main r; cd r || exit 1
seq 100 > a; git add a; git commit -qm one; seq 50 > a; mkdir s; echo x > s/y; git add -A; git commit -qm two
git log --stat --format='%h %s'; git checkout -q -b other HEAD~1; echo z > z; git add z; git commit -qm three
git merge -q main -m merged; git log --oneline --graph; git status --short; git gc -q; git fsck; cd ..
git clone -q r r2; cd r2 || exit 1; ls; git grep -n 42; git archive HEAD | tar t; git rev-parse HEAD; git rebase -q origin/main; cd ..
if command -v sqlite3 > /dev/null; then
	sqlite3 t.db 'create table t(a,b); insert into t values(1,2),(3,4); select sum(a*b) from t; pragma journal_mode=wal;'
	for i in 1 2 3; do sqlite3 -cmd '.timeout 9000' t.db "insert into t values($i,0)" & done; wait
	sqlite3 t.db 'select count(*) from t; pragma integrity_check'
fi
cd /; rm -rf "$d"
