//! The clean-shutdown record.

use bookline_server::codec::Sequence;
use bookline_server::storage::data_dir::clean_stop::CleanStop;
use bookline_testkit::disk::SimDisk;

#[test]
fn a_record_is_durable_and_read_until_it_is_removed() {
    let disk = SimDisk::new(1);
    assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::None);
    CleanStop::write(&disk, Sequence(1234)).unwrap();
    let disk = disk.cut_power();
    assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::At(Sequence(1234)));
    CleanStop::remove(&disk).unwrap();
    let disk = disk.cut_power();
    assert_eq!(CleanStop::read(&disk).unwrap(), CleanStop::None);
    CleanStop::remove(&disk).expect("no error without a record");
}
