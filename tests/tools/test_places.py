"""Whether a place is its user's alone: whoever may change a folder or a link on the way to it says what is there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail_archive_tools import system
from mail_archive_tools.reading.dkim_keys import keys_of
from mail_archive_tools.system.places import why_not_own, why_not_read

pytestmark = pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")

only_root_changes_owners = pytest.mark.skipif(
    system.HAS_FILE_MODES and os.geteuid() != 0, reason="only root gives a folder to another user or group"
)


def made(path: Path, mode: int) -> Path:
    path.mkdir()
    path.chmod(mode)
    return path


def test_a_place_of_ones_own_is_one_there_yet_or_not(tmp_path: Path) -> None:
    own = made(tmp_path / "own", 0o755)
    (own / "file").write_text("")
    (own / "file").chmod(0o644)
    for each in (own, own / "file", own / "none", own / "no" / "folder", own / "file" / "beyond", own / ".." / "own"):
        assert why_not_own(each) is None


def test_a_folder_further_up_that_others_may_write_in_is_refused(tmp_path: Path) -> None:
    shared = made(tmp_path / "shared", 0o777)
    made(shared / "own", 0o700)
    for each in ("own/file", "own/no/file", "own/../own/file"):
        assert f"others may write in {shared}" in str(why_not_own(shared / each))
    shared.chmod(0o1777)
    assert why_not_own(shared / "own" / "file") is None


@pytest.mark.parametrize("relative", [False, True], ids=["from the root", "from where it is"])
def test_a_link_further_up_is_only_as_good_as_the_folder_that_it_is_in(tmp_path: Path, relative: bool) -> None:
    home, shared = made(tmp_path / "home", 0o700), made(tmp_path / "shared", 0o777)
    target = Path("../home") if relative else home
    (shared / "mine").symlink_to(target)
    (tmp_path / "safe").symlink_to(home)
    (tmp_path / "by way of it").symlink_to("shared/mine")
    assert why_not_own(tmp_path / "safe" / "facts") is None
    for way in ("shared/mine", "by way of it"):
        assert f"others may write in {shared}" in str(why_not_own(tmp_path / way / "facts"))


def test_a_link_into_a_folder_that_others_may_write_in_is_refused(tmp_path: Path) -> None:
    made(made(tmp_path / "shared", 0o777) / "inner", 0o700)
    (tmp_path / "safe").symlink_to(tmp_path / "shared" / "inner")
    assert "others may write in" in str(why_not_own(tmp_path / "safe" / "facts"))


def test_links_that_never_end_are_said_and_not_walked_for_ever(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    assert "levels of symbolic links" in str(why_not_own(tmp_path / "one" / "file"))


def test_a_hard_link_is_refused_where_others_could_have_made_it(tmp_path: Path) -> None:
    own, common = made(tmp_path / "own", 0o700), made(tmp_path / "common", 0o1777)
    (own / "private").write_text("something else")
    (own / "private").chmod(0o600)
    os.link(own / "private", common / "token")
    os.link(own / "private", own / "token")
    for why_not in (why_not_own, why_not_read):
        assert why_not(own / "token") is None
        assert "has another name as well" in str(why_not(common / "token"))
    (common / "alone").write_text("")
    (common / "alone").chmod(0o600)
    assert why_not_own(common / "alone") is None


@only_root_changes_owners
def test_a_hard_link_to_the_file_of_another_user_is_refused(tmp_path: Path) -> None:
    own = made(tmp_path / "own", 0o700)
    (own / "file").write_text("")
    os.chown(own / "file", 1, -1)
    os.link(own / "file", own / "token")
    assert "is another user's" in str(why_not_own(own / "token"))


def test_a_file_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("")
    file.chmod(0o666)
    assert f"others may write to {file}" in str(why_not_own(file))
    with pytest.raises(ValueError, match="others may write to"):
        keys_of(file)
    file.chmod(0o644)
    assert why_not_own(file) is None


@only_root_changes_owners
@pytest.mark.parametrize("mode", [0o775, 0o770, 0o020])
def test_what_another_group_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = made(tmp_path / "of a group", 0o700)
    (folder / "file").write_text("")
    for each in (folder / "file", folder):
        os.chown(each, -1, 12_345)
        each.chmod(mode)
        assert f"{each}: run `chmod go-w`" in str(why_not_own(each))
    assert "others may write in" in str(why_not_own(folder / "none"))


@pytest.fixture
def of_daemon() -> Iterator[Path]:
    """A folder of a user who has a private group, as whom the test runs."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwnam("daemon"), grp.getgrnam("daemon")
    except KeyError:
        pytest.skip("there is no user with a private group here")
    if user.pw_gid != group.gr_gid or group.gr_mem:
        pytest.skip("its group is not private here")

    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o775)
        os.seteuid(user.pw_uid)
        yield folder
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)


@only_root_changes_owners
def test_a_users_private_group_is_the_user(of_daemon: Path) -> None:
    assert why_not_own(of_daemon / "file") is None
    os.seteuid(0)
    assert "another user's" in str(why_not_own(of_daemon / "file"))
