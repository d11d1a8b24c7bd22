// The scenarios of bindings/scenarios.txt, as in Kotlin and Python, against a real server process.

import Foundation
import XCTest

@testable import Casework

final class ScenarioTests: StagedTests {
    func test_create_a_workspace_and_open_it_again() throws {
        let folder = folder()
        XCTAssertFalse(isWorkspace(folder: folder))
        let made = try Workspace.create(folder: folder, new: someone)
        let before = try made.info()
        fails("", { try Workspace.open(folder: folder) }, as: inUse)
        made.shutdown()
        XCTAssertTrue(isWorkspace(folder: folder))
        let again = try Workspace.open(folder: folder)
        XCTAssertEqual(try again.info(), before)
        XCTAssertEqual([before.name, before.memberName], ["Field office", "Ana"])
        XCTAssertEqual(try again.members().map(\.name), ["Ana"])
        again.shutdown()
        fails("holds a workspace already", { try Workspace.create(folder: folder, new: someone) }, as: invalid)
    }

    func test_join_by_a_link() throws {
        let (server, ana, kind) = try host()
        let link = try ana.invite(gives: .newMember(roles: ["operator"])).link
        _ = try ana.sync()
        let preview = try previewInvite(link: link)
        XCTAssertEqual([preview.server, preview.workspaceId], [server.url, try ana.info().workspaceId])
        XCTAssertEqual(preview.workspaceName, try ana.info().name)
        let id = try openCase(ana, kind)
        _ = try ana.sync()
        let who = JoinAs(memberName: "Rui", deviceName: "phone")
        let rui = try Workspace.join(folder: folder(), invite: link, who: who)
        XCTAssertEqual(try rui.info().memberName, "Rui")
        XCTAssertEqual(try rui.caseView(caseId: id).title, "Bridge 7")
        fails("", { try Workspace.join(folder: self.folder(), invite: link, who: who) }, as: denied)
        XCTAssertEqual(try ana.sync().status.unsent, 0)
        XCTAssertEqual(try ana.members().map(\.name), ["Ana", "Rui"])
        rui.shutdown()
    }

    func test_a_second_device_by_the_text_of_a_qr_code() throws {
        let (_, ana, _) = try host()
        let me = try XCTUnwrap(ana.info().memberId)
        let code = try ana.invite(gives: .newDevice(memberId: me), validForSeconds: 600).link
        _ = try ana.sync()
        // What a scanner reads may have white space around it.
        let phone = try Workspace.join(folder: folder(), invite: " \(code)\n", who: JoinAs(deviceName: "phone"))
        XCTAssertEqual(try phone.info().memberId, me)
        _ = try ana.sync()
        XCTAssertEqual(try ana.member(memberId: me).devices.map(\.name), ["laptop", "phone"])
        phone.shutdown()
    }

    func test_act_offline_and_read_it_back() throws {
        let (ana, kind) = try withTemplate()
        let new = NewCase(templateId: kind, title: "Bridge 7", fields: ["Site": "North"])
        let id = try ana.openCase(new: new).caseId
        let walk = Action.createTask(title: "Walk the site", checklist: ["bolts", "rust"])
        let task = try XCTUnwrap(ana.act(caseId: id, action: walk).made)
        let item = try ana.caseView(caseId: id).tasks[0].items[1].id
        _ = try ana.act(caseId: id, action: .checkItem(task: task, item: item, done: true))
        _ = try ana.setField(caseId: id, field: "visits", words: "3")
        let comment = try ana.comment(caseId: id, body: "Looks fine")
        let options = ActOptions(reason: "no boat")
        _ = try ana.act(caseId: id, action: .moveTo(stage: "waiting"), options: options)
        let view = try ana.caseView(caseId: id)
        XCTAssertEqual([view.stage, view.stageName], ["waiting", "Waiting"])
        XCTAssertEqual(view.fields.map(\.words), ["North", "3"])
        XCTAssertEqual(view.tasks[0].items.map(\.done), [false, true])
        XCTAssertEqual(try ana.comments(caseId: id).map(\.id), [comment])
        let entry = try ana.timeline(caseId: id, page: Page(take: 2))[0]
        XCTAssertEqual([entry.action, entry.reason, entry.by?.name], ["stage.move", "no boat", "Ana"])
        XCTAssertEqual(entry.after, [.words(text: "waiting")])
        XCTAssertEqual(try ana.undo(caseId: id).count, 1)
        XCTAssertEqual(try ana.caseView(caseId: id).stage, "open")
    }

    func test_collide_see_both_sides_and_settle() throws {
        let (_, ana, kind) = try host()
        let rui = try join(ana, "Rui")
        let id = try openCase(ana, kind)
        try settle(ana, rui)
        _ = try ana.setField(caseId: id, field: "site", words: "North bank")
        _ = try rui.setField(caseId: id, field: "site", words: "South bank")
        try settle(ana, rui)
        for device in [ana, rui] {
            let conflicts = try device.conflicts(caseId: id)
            XCTAssertEqual(conflicts.map(\.label), ["Site"])
            let sides = conflicts[0].sides.map { ($0.words, $0.by?.name) }
            XCTAssertEqual(
                Dictionary(uniqueKeysWithValues: sides), ["North bank": "Ana", "South bank": "Rui"])
            XCTAssertTrue(try device.caseView(caseId: id).badges.contains(.contested))
        }
        let place = try ana.conflicts(caseId: id)[0].place
        let south = Settlement.ofValue(value: .words(text: "South bank"))
        _ = try ana.settle(caseId: id, place: place, on: south, options: ActOptions(reason: "I called them"))
        fails("not contested", { try ana.settle(caseId: id, place: place, on: .side(index: 0)) }, as: invalid)
        try settle(ana, rui)
        for device in [ana, rui] {
            XCTAssertEqual(try device.conflicts(caseId: id), [])
            XCTAssertEqual(try device.caseView(caseId: id).fields[0].words, "South bank")
        }
    }

    func test_status_of_an_action_through_a_real_server() throws {
        let (server, ana, kind) = try host()
        let id = try openCase(ana, kind)
        let acted = try ana.act(caseId: id, action: .setDue(due: "2027-03-01"))
        XCTAssertEqual(try ana.actionStatus(caseId: id, changeId: acted.changeId), .onDevice)
        XCTAssertTrue(try ana.cards()[0].badges.contains(.unsynced))
        let report = try ana.sync()
        XCTAssertTrue(report.inStep && report.pushed > 0)
        guard case .onServer = try ana.actionStatus(caseId: id, changeId: acted.changeId) else {
            return XCTFail("it is not on the server")
        }
        server.stop()
        _ = try ana.act(caseId: id, action: .setDue(due: nil))
        fails("", { try ana.sync() }, as: unavailable)
        XCTAssertGreaterThan(try ana.status().unsent, 0)
    }

    func test_revoke_a_device_and_its_late_work_is_held() throws {
        let (_, ana, kind) = try host()
        let rui = try join(ana, "Rui")
        let id = try openCase(ana, kind)
        try settle(ana, rui)
        _ = try ana.revokeDevice(deviceId: rui.info().deviceId, reason: "lost on the ferry")
        _ = try ana.sync()
        let late = try rui.act(caseId: id, action: .comment(body: "written before I knew")).changeId
        fails("", { try rui.sync() }, as: denied)
        // The server has it and shows it to nobody; on the device it stays readable in the drawer.
        XCTAssertEqual(try rui.actionStatus(caseId: id, changeId: late), .held)
        XCTAssertEqual(try rui.drawer().map(\.held), [true])
        _ = try ana.sync()
        XCTAssertTrue(try ana.members()[1].devices[0].revoked)
        XCTAssertEqual(try ana.held().map(\.changeId), [late])
        XCTAssertEqual(try ana.comments(caseId: id), [])
        XCTAssertEqual(try ana.adopt(caseId: id, reason: "it was really Rui").changes, 1)
        _ = try ana.sync()
        XCTAssertEqual(try ana.comments(caseId: id).map(\.body), ["written before I knew"])
        XCTAssertEqual(try ana.held(), [])
    }

    func test_killed_in_the_middle_of_an_action_and_reopened() throws {
        let folder = folder()
        let made = try Workspace.create(folder: folder, new: someone)
        let kind = try made.importTemplate(package: template).id
        let id = try openCase(made, kind)
        made.shutdown()
        let actor = Process()
        let pipe = Pipe()
        actor.executableURL = actorProgram
        actor.arguments = [folder, id]
        actor.standardOutput = pipe
        try actor.run()
        var said = Data()
        while said.filter({ $0 == 10 }).count < 20 { said.append(pipe.fileHandleForReading.availableData) }
        kill(actor.processIdentifier, SIGKILL)
        said.append(pipe.fileHandleForReading.readDataToEndOfFile())
        actor.waitUntilExit()
        let told = String(decoding: said, as: UTF8.self).split(separator: "\n").map { "number \($0)" }
        let ana = try Workspace.open(folder: folder)
        let bodies = try ana.comments(caseId: id).map(\.body)
        // Everything that returned is there; of the one under way it may be or not, whole.
        XCTAssertEqual(Array(bodies.prefix(told.count)), told)
        XCTAssertLessThanOrEqual(bodies.count, told.count + 1)
        XCTAssertEqual(try ana.verify().findings, [])
        ana.shutdown()
    }

    func test_used_after_close_is_a_clear_error() throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        let subscription = try ana.observe(observer: Ear())
        ana.shutdown()
        ana.shutdown()
        XCTAssertTrue(ana.isShutDown())
        try race()
        fails("open it again", { try ana.info() }, as: closed)
        fails("open it again", { try ana.cards() }, as: closed)
        fails("open it again", { try ana.sync() }, as: closed)
        fails("open it again", { try ana.caseView(caseId: id) }, as: closed)
        subscription.stop()
    }

    /// Calls under way end as they would, later ones are told; nothing else is ever said.
    private func race() throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        let calls: [@Sendable () throws -> Void] = [
            { _ = try ana.cards() }, { _ = try ana.comment(caseId: id, body: "late") },
            { _ = try ana.caseView(caseId: id) }, { try ana.observe(observer: Ear()).stop() },
        ]
        let (begun, ended) = (DispatchSemaphore(value: 0), DispatchGroup())
        for call in calls {
            onThread(ended) {
                begun.signal()
                do {
                    while true { try call() }
                } catch CaseworkError.Closed {
                    // As it should be.
                } catch {
                    XCTFail("\(error)")
                }
            }
        }
        for _ in calls { begun.wait() }
        ana.shutdown()
        XCTAssertEqual(ended.wait(timeout: .now() + 20), .success)
    }

    /// A real thread, as against one of a pool that may be as small as one.
    private func onThread(_ group: DispatchGroup, _ work: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            work()
            group.leave()
        }
    }

    func test_a_callback_that_throws_harms_nobody() throws {
        let (_, ana, kind) = try host()
        let (bad, good) = (Ear(throwing: true), Ear())
        let attached = try ana.observe(observer: bad)
        let other = try ana.observe(observer: good)
        for title in ["Bridge 7", "Bridge 8"] {
            let id = try openCase(ana, kind, title)
            good.waitForChange(of: id)
            bad.waitForChange(of: id)
        }
        let end = Date(timeIntervalSinceNow: 20)
        while attached.failures() < 2, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
        XCTAssertGreaterThanOrEqual(attached.failures(), 2)
        XCTAssertTrue(attached.lastFailure()?.contains("on purpose") ?? false)
        XCTAssertEqual(try ana.cards().count, 2)
        other.stop()
        try aJoinIsNotDisturbed(ana)
        try aBrokenKeyStoreIsSaid(ana)
    }

    private func aJoinIsNotDisturbed(_ ana: Workspace) throws {
        final class Listener: JoinListener, @unchecked Sendable {
            var told = 0
            func onProgress(progress: SyncProgress) throws {
                told += 1
                // Undeclared, and declared.
                if told % 2 == 0 { throw ObserverError.Failed(reason: "on purpose") }
                throw OnPurpose()
            }
        }
        let listener = Listener()
        let who = JoinAs(memberName: "Rui", deviceName: "phone")
        let rui = try Workspace.join(folder: folder(), invite: invite(ana), who: who, listener: listener)
        XCTAssertGreaterThan(listener.told, 1)
        XCTAssertEqual(try rui.cards().count, 2)
        rui.shutdown()
    }

    private func aBrokenKeyStoreIsSaid(_ ana: Workspace) throws {
        final class Broken: KeyStore, @unchecked Sendable {
            let loads: Bool
            init(loads: Bool) { self.loads = loads }
            func load() throws -> Data? {
                if loads { return nil }
                throw OnPurpose()
            }
            func save(secret: Data) throws { throw OnPurpose() }
        }
        let (founded, joined) = (folder(), folder())
        try Workspace.create(folder: founded, new: someone).shutdown()
        let link = try invite(ana)
        let who = JoinAs(memberName: "Eve", deviceName: "phone")
        let said = "on purpose"
        for loads in [true, false] {
            let broken = Broken(loads: loads)
            let place = folder()
            fails(said, { try Workspace.create(folder: place, new: someone, keyStore: broken) }, as: ofAnyKind)
            fails(said, { try Workspace.join(folder: joined, invite: link, who: who, keyStore: broken) }, as: ofAnyKind)
        }
        fails(said, { try Workspace.open(folder: founded, keyStore: Broken(loads: false)) }, as: ofAnyKind)
        // Nothing was lost by that: both go on without it.
        try Workspace.open(folder: founded).shutdown()
        let eve = try Workspace.join(folder: joined, invite: link, who: who)
        XCTAssertEqual(try eve.cards().count, 2)
        eve.shutdown()
    }

    func test_an_observer_is_told_and_not_after_it_was_stopped() throws {
        let (ana, kind) = try withTemplate()
        let ear = Ear()
        // Never under a lock: an observer may call back.
        let back = Ear(meanwhile: { _ = try? ana.cards() })
        let subscription = try ana.observe(observer: ear)
        var other: Subscription? = try ana.observe(observer: back)
        let first = try openCase(ana, kind)
        ear.waitForChange(of: first)
        back.waitForChange(of: first)
        XCTAssertFalse(ear.wasToldHere)
        subscription.stop()
        let count = ear.count
        let second = try openCase(ana, kind, "Bridge 8")
        back.waitForChange(of: second)
        XCTAssertEqual(ear.count, count)
        // Freeing the handle detaches as well.
        XCTAssertNotNil(other)
        other = nil
        let heard = back.count
        let third = Ear()
        let kept = try ana.observe(observer: third)
        third.waitForChange(of: try openCase(ana, kind, "Bridge 9"))
        XCTAssertEqual(back.count, heard)
        kept.stop()
        try anObserverStopsItself(ana, kind)
    }

    /// Within its own call it may detach and free itself, and wait for its own end: it has it.
    private func anObserverStopsItself(_ ana: Workspace, _ kind: String) throws {
        final class Handle: @unchecked Sendable {
            let given = DispatchSemaphore(value: 0)
            var subscription: Subscription?
        }
        let handle = Handle()
        let itself = Ear(meanwhile: {
            handle.given.wait()
            handle.subscription?.stop()
            handle.subscription?.finish()
            handle.subscription = nil
        })
        handle.subscription = try ana.observe(observer: itself)
        handle.given.signal()
        let last = Ear()
        let told = try ana.observe(observer: last)
        itself.waitForChange(of: try openCase(ana, kind, "Bridge 10"))
        last.waitForChange(of: try openCase(ana, kind, "Bridge 11"))
        XCTAssertEqual(itself.count, 1)
        // What is finished is in no call any more; and the last that is heard is the end.
        told.finish()
        let heard = last.count
        _ = try openCase(ana, kind, "Bridge 12")
        XCTAssertEqual(last.count, heard)
        let end = Ear()
        let attached = try ana.observe(observer: end)
        ana.shutdown()
        end.wait { $0 == .closed }
        XCTAssertEqual(end.last, .closed)
        attached.stop()
    }

    func test_a_board_of_ten_thousand_cases_in_pages() throws {
        let (ana, kind) = try withTemplate()
        let stages = ["open", "waiting"]
        func title(_ n: Int) -> String { String(format: "Case %05d", n) }
        for start in stride(from: 0, to: 10_000, by: 500) {
            let cases = (start..<start + 500).map { n in
                CaseImport(new: NewCase(templateId: kind, title: title(n), stage: stages[n % 2]))
            }
            _ = try ana.importCases(cases: cases)
        }
        let board = try ana.board(templateId: kind, filter: CaseFilter(), sorting: .title, cardsPerColumn: 20)
        XCTAssertEqual(board.columns.map(\.name), ["Open", "Waiting", "Done"])
        XCTAssertEqual(board.columns.map(\.total), [5000, 5000, 0])
        XCTAssertEqual(board.columns.map(\.cards.count), [20, 20, 0])
        XCTAssertEqual(board.columns[0].cards.map(\.title), (0..<20).map { title($0 * 2) })
        let page = try ana.boardColumn(
            templateId: kind,
            stage: "waiting",
            filter: CaseFilter(),
            sorting: .title,
            page: Page(skip: 4990, take: 20)
        )
        XCTAssertEqual(page.cards.map(\.title), stride(from: 9981, to: 10_000, by: 2).map { title($0) })
        var seen: [String] = []
        while seen.count < 10_000 {
            let page = Page(skip: UInt32(seen.count), take: 2500)
            let next = try ana.listCases(filter: CaseFilter(), sorting: .title, page: page)
            XCTAssertEqual(next.total, 10_000)
            guard !next.cards.isEmpty else { return XCTFail("the pages end at \(seen.count)") }
            seen += next.cards.map(\.title)
        }
        XCTAssertEqual(seen, (0..<10_000).map(title))
        let found = try ana.listCases(filter: CaseFilter(text: "09999"), sorting: .changed, page: Page())
        XCTAssertEqual(found.cards.map(\.title), ["Case 09999"])
    }

    func test_fifty_threads_at_once() throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        let (here, gate, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchGroup())
        for n in 0..<50 {
            onThread(ended) {
                here.signal()
                gate.wait()
                do {
                    for step in 0..<4 {
                        _ = try ana.comment(caseId: id, body: "\(n)/\(step)")
                        _ = try ana.act(caseId: id, action: .count(field: "visits", by: 1))
                        _ = try ana.listCases(filter: CaseFilter(), sorting: .changed, page: Page())
                    }
                } catch {
                    XCTFail("\(error)")
                }
            }
        }
        for _ in 0..<50 { here.wait() }
        for _ in 0..<50 { gate.signal() }
        ended.wait()
        XCTAssertEqual(try ana.caseView(caseId: id).fields[1].count, 200)
        let wanted = (0..<50).flatMap { n in (0..<4).map { "\(n)/\($0)" } }
        XCTAssertEqual(Set(try ana.comments(caseId: id).map(\.body)), Set(wanted))
    }

    func test_the_key_lives_in_the_store_of_the_app() throws {
        final class Vault: KeyStore, @unchecked Sendable {
            var secret: Data?
            var locked = false
            func load() throws -> Data? {
                if locked { throw KeyStoreError.Unavailable(reason: "locked") }
                return secret
            }
            func save(secret: Data) throws { self.secret = secret }
        }
        let vault = Vault()
        let folder = folder()
        let made = try Workspace.create(folder: folder, new: someone, keyStore: vault)
        let device = try made.info().deviceId
        made.shutdown()
        XCTAssertEqual(vault.secret?.count, 32)
        XCTAssertFalse(FileManager.default.fileExists(atPath: folder + "/device.key"))
        vault.locked = true
        fails("locked", { try Workspace.open(folder: folder, keyStore: vault) }, as: unavailable)
        vault.locked = false
        let again = try Workspace.open(folder: folder, keyStore: vault)
        XCTAssertEqual(try again.info().deviceId, device)
        again.shutdown()
        fails("join again", { try Workspace.open(folder: folder, keyStore: Vault()) }, as: corrupt)
    }

    func test_a_pause_keeps_the_line_quiet_and_a_burst_ends_in_time() throws {
        let (server, ana, kind) = try host()
        let rui = try join(ana, "Rui")
        let line = try line(to: server.url)
        try rui.setServer(address: line.url)
        let ear = Ear()
        let subscription = try rui.observe(observer: ear)
        try rui.connect(hints: SyncHints(paused: true))
        ear.wait { event in
            if case .sync(.paused) = event { return true }
            return false
        }
        let id = try openCase(ana, kind)
        _ = try ana.sync()
        _ = try openCase(rui, kind, "Own work waits too")
        XCTAssertFalse(try rui.cards().contains { $0.caseId == id })
        XCTAssertEqual(line.connections, 0)
        // A burst goes through the pause: the app asks for it.
        let burst = try seconds { XCTAssertTrue(try rui.syncFor(seconds: 20).inStep) }
        XCTAssertLessThan(burst, 20)
        XCTAssertEqual(line.connections, 1)
        XCTAssertEqual(try rui.caseView(caseId: id).title, "Bridge 7")
        rui.setHints(hints: SyncHints(metered: true))
        ear.wait { event in
            switch event {
            case .sync(.inStep), .sync(.resting): return true
            default: return false
            }
        }
        rui.setHints(hints: SyncHints())
        let other = try openCase(ana, kind, "Bridge 8")
        _ = try ana.sync()
        ear.waitForChange(of: other)
        rui.disconnect()
        XCTAssertFalse(rui.isConnected())
        subscription.stop()
        // A server that takes the call and says nothing.
        let silent = try self.line()
        let eve = try founder()
        try eve.setServer(address: silent.url)
        let waited = seconds { fails("", { try eve.syncFor(seconds: 1) }, as: unavailable) }
        XCTAssertTrue((0.9...5).contains(waited), "\(waited)")
        XCTAssertEqual(silent.connections, 1)
    }

    func test_who_is_at_a_case_is_seen_while_connected() throws {
        let (_, ana, kind) = try host()
        let rui = try join(ana, "Rui")
        let id = try openCase(ana, kind)
        try settle(ana, rui)
        let (atAna, atRui) = (Ear(), Ear())
        let subscriptions = [try ana.observe(observer: atAna), try rui.observe(observer: atRui)]
        for (device, ear) in [(ana, atAna), (rui, atRui)] {
            try device.connect(hints: SyncHints())
            ear.wait { event in
                if case .sync(.inStep) = event { return true }
                return false
            }
        }
        func until(_ device: Workspace, _ ear: Ear, _ wanted: [(String, AtWork)]) {
            ear.wait { event in
                guard case let .changed(changes) = event, changes.presence.contains(id) else { return false }
                let present = (try? device.presenceOf(caseId: id).present) ?? []
                return present.map(\.who.name) == wanted.map(\.0) && present.map(\.atWork) == wanted.map(\.1)
            }
        }
        try ana.announceCase(caseId: id, atWork: .open)
        until(rui, atRui, [("Ana", .open)])
        try ana.announceCase(caseId: id, atWork: .typing)
        until(rui, atRui, [("Ana", .typing)])
        XCTAssertEqual(try rui.casesWithCompany(), [id])
        XCTAssertEqual(try ana.presenceOf(caseId: id).present, [])
        try ana.leaveCase(caseId: id)
        until(rui, atRui, [])
        XCTAssertEqual(try rui.casesWithCompany(), [])
        try rui.glanceAtCase(caseId: id, seconds: 60)
        until(ana, atAna, [("Rui", .open)])
        try rui.leaveCase(caseId: id)
        until(ana, atAna, [])
        // Who wants to hear nothing is told nothing, until it wants to.
        try rui.hearPresence(hear: false)
        try ana.announceCase(caseId: id, atWork: .open)
        XCTAssertTrue(try rui.syncFor(seconds: 20).inStep)
        XCTAssertEqual(try rui.casesWithCompany(), [])
        try rui.hearPresence(hear: true)
        until(rui, atRui, [("Ana", .open)])
        ana.disconnect()
        until(rui, atRui, [])
        for subscription in subscriptions { subscription.stop() }
    }

    func test_errors_say_what_to_do() throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        fails("hexadecimal digits", { try ana.caseView(caseId: "abc") }, as: invalid)
        fails("colour", { try ana.setField(caseId: id, field: "colour", words: "red") }, as: invalid)
        fails("nowhere", { try ana.act(caseId: id, action: .moveTo(stage: "nowhere")) }, as: invalid)
        let who = JoinAs(deviceName: "p")
        fails("invite link", { try Workspace.join(folder: self.folder(), invite: "https://x", who: who) }, as: invalid)
        fails("key", { try ana.importTemplate(package: "{}") }, as: invalid)
        fails("server", { try ana.sync() }, as: invalid)
        _ = try ana.setField(caseId: id, field: "site", words: "North bank")
        fails("so already", { try ana.setField(caseId: id, field: "site", words: "North bank") }, as: unchanged)
    }

    /// What only Swift has: events as an AsyncSequence, and waiting off the actor.
    func test_an_async_sequence_hears_of_changes() async throws {
        let (_, ana, kind) = try host()
        let link = try ana.invite(gives: .newMember(roles: ["operator"])).link
        _ = try await ana.awaitSync()
        let place = URL(fileURLWithPath: folder())
        let who = JoinAs(memberName: "Rui", deviceName: "phone")
        let rui = try await Workspace.awaitJoin(folder: place, invite: link, who: who)
        let events = try rui.events()
        let id = try openCase(ana, kind)
        _ = try await ana.awaitSync()
        let report = try await rui.awaitSync(seconds: 20)
        XCTAssertTrue(report.inStep)
        for await event in events {
            if case let .changed(changes) = event, changes.documents.contains(id) { break }
        }
        XCTAssertEqual(try rui.caseView(caseId: id).title, "Bridge 7")
        // It ends with the workspace.
        let rest = try rui.events()
        rui.shutdown()
        var last: Event?
        for await event in rest { last = event }
        XCTAssertEqual(last, .closed)
    }

    func test_readings_come_again_when_they_look_different() async throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        let counts = try ana.readings { try $0.listCases(filter: CaseFilter(), sorting: .title, page: Page()).total }
        let titles = try ana.caseViews(caseId: id)
        var (seen, heard) = ([UInt32](), [String]())
        for try await count in counts {
            seen.append(count)
            if count == 3 { break }
            _ = try ana.act(caseId: id, action: .setTitle(title: "Bridge \(7 + count)"))
            _ = try openCase(ana, kind)
        }
        XCTAssertEqual(seen, [1, 2, 3])
        for try await view in titles {
            heard.append(view.title)
            if heard.count == 1 { ana.shutdown() }
        }
        // It was busy meanwhile, so what changed came as one.
        XCTAssertEqual(heard, ["Bridge 9"])
    }

    func test_who_stops_waiting_stops_the_sync() async throws {
        let (silent, place) = (try line(), URL(fileURLWithPath: folder()))
        let ana = try await Workspace.awaitCreate(folder: place, new: someone)
        try ana.setServer(address: silent.url)
        let sync = Task { try await ana.awaitSync() }
        let started = ProcessInfo.processInfo.systemUptime
        while silent.connections == 0 { await Task.yield() }
        sync.cancel()
        try await isCancelled(sync)
        // Cancelled before it began, as well.
        let never = Task { try await ana.awaitSync() }
        never.cancel()
        try await isCancelled(never)
        XCTAssertLessThan(ProcessInfo.processInfo.systemUptime - started, 5)
        ana.shutdown()
        let again = try await Workspace.awaitOpen(folder: place)
        XCTAssertEqual(try again.info().memberName, "Ana")
        again.shutdown()
    }

    func test_a_join_that_nobody_waits_for_is_given_up_at_once() async throws {
        let (_, ana, _) = try host()
        let silent = try line()
        try ana.setServer(address: silent.url)
        let link = try ana.invite(gives: .newMember(roles: ["operator"])).link
        let place = URL(fileURLWithPath: folder())
        let who = JoinAs(memberName: "Rui", deviceName: "phone")
        let join = Task { try await Workspace.awaitJoin(folder: place, invite: link, who: who) }
        while silent.connections == 0 { await Task.yield() }
        join.cancel()
        let started = ProcessInfo.processInfo.systemUptime
        try await isCancelled(join)
        XCTAssertLessThan(ProcessInfo.processInfo.systemUptime - started, 5)
    }

    private func isCancelled<T>(_ task: Task<T, Error>) async throws {
        do {
            _ = try await task.value
            XCTFail("it was not cancelled")
        } catch is CancellationError {
            // As it should be.
        }
    }
}
