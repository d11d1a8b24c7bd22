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
            XCTAssertEqual(Set(conflicts[0].sides.map(\.words)), ["North bank", "South bank"])
            XCTAssertTrue(try device.caseView(caseId: id).badges.contains(.contested))
        }
        let place = try ana.conflicts(caseId: id)[0].place
        let south = Settlement.ofValue(value: .words(text: "South bank"))
        _ = try ana.settle(caseId: id, place: place, on: south, reason: "I called them")
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
        fails("open it again", { try ana.info() }, as: closed)
        fails("open it again", { try ana.cards() }, as: closed)
        fails("open it again", { try ana.sync() }, as: closed)
        fails("open it again", { try ana.caseView(caseId: id) }, as: closed)
        subscription.stop()
    }

    func test_a_callback_that_throws_harms_nobody() throws {
        let (ana, kind) = try withTemplate()
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
        XCTAssertNotNil(attached.lastFailure())
        XCTAssertEqual(try ana.cards().count, 2)
        other.stop()
    }

    func test_an_observer_is_told_and_not_after_it_was_stopped() throws {
        let (ana, kind) = try withTemplate()
        let ear = Ear()
        // Never under a lock: an observer may call back.
        let back = Ear(meanwhile: { _ = try? ana.cards() })
        let subscription = try ana.observe(observer: ear)
        let other = try ana.observe(observer: back)
        let first = try openCase(ana, kind)
        ear.waitForChange(of: first)
        back.waitForChange(of: first)
        subscription.stop()
        let count = ear.count
        let second = try openCase(ana, kind, "Bridge 8")
        back.waitForChange(of: second)
        XCTAssertEqual(ear.count, count)
        other.stop()
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
        XCTAssertEqual(board.columns.map(\.total), [5000, 5000, 0])
        XCTAssertEqual(board.columns[0].cards.map(\.title), (0..<20).map { title($0 * 2) })
        let page = try ana.boardColumn(
            templateId: kind,
            stage: "waiting",
            filter: CaseFilter(),
            sorting: .title,
            page: Page(skip: 4990, take: 20)
        )
        XCTAssertEqual(page.cards.map(\.title), stride(from: 9981, to: 10_000, by: 2).map { title($0) })
        let found = try ana.listCases(filter: CaseFilter(text: "09999"), sorting: .changed, page: Page())
        XCTAssertEqual(found.cards.map(\.title), ["Case 09999"])
    }

    func test_fifty_threads_at_once() throws {
        let (ana, kind) = try withTemplate()
        let id = try openCase(ana, kind)
        DispatchQueue.concurrentPerform(iterations: 50) { n in
            do {
                for step in 0..<4 {
                    _ = try ana.comment(caseId: id, body: "\(n)/\(step)")
                    _ = try ana.act(caseId: id, action: .count(field: "visits", by: 1))
                }
            } catch {
                XCTFail("\(error)")
            }
        }
        XCTAssertEqual(try ana.caseView(caseId: id).fields[1].count, 200)
        XCTAssertEqual(Set(try ana.comments(caseId: id).map(\.body)).count, 200)
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
    }

    func test_a_pause_keeps_the_line_quiet_and_a_burst_ends_in_time() throws {
        let (_, ana, kind) = try host()
        let rui = try join(ana, "Rui")
        let ear = Ear()
        let subscription = try rui.observe(observer: ear)
        try rui.connect(hints: SyncHints(paused: true))
        ear.wait { event in
            if case .sync(.paused) = event { return true }
            return false
        }
        let id = try openCase(ana, kind)
        _ = try ana.sync()
        XCTAssertFalse(try rui.cards().contains { $0.caseId == id })
        // A burst goes through the pause: the app asks for it.
        XCTAssertTrue(try rui.syncFor(seconds: 20).inStep)
        XCTAssertEqual(try rui.caseView(caseId: id).title, "Bridge 7")
        rui.setHints(hints: SyncHints())
        let other = try openCase(ana, kind, "Bridge 8")
        _ = try ana.sync()
        ear.waitForChange(of: other)
        rui.disconnect()
        XCTAssertFalse(rui.isConnected())
        subscription.stop()
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
        rui.shutdown()
    }
}
